package cms

// fromBER re-encodes BER with definite, minimal lengths, as DER has them, and
// joins OCTET STRINGs that stand in pieces (X.690 8.1.3.6, 8.7). Nothing else is
// changed: order and values stay. Streaming writers need it (openssl cms -stream,
// CFCA's). The result is never longer than the input, plus what minimal lengths
// save; depth bounds the nesting.
func fromBER(input []byte) ([]byte, bool) {
	element, rest, ok := berElement(input, 16)
	return element, ok && len(rest) == 0
}

// berElement returns the first element of input as DER, and what follows it.
func berElement(input []byte, depth int) (element, rest []byte, ok bool) {
	if depth == 0 || len(input) < 2 || input[0]&0x1f == 0x1f { // tags over 30 occur in no message here
		return nil, nil, false
	}
	tag := input[0]
	length, content, ok := berLength(input[1:])
	if !ok {
		return nil, nil, false
	}
	constructed := tag&0x20 != 0
	if length < 0 { // indefinite
		if !constructed {
			return nil, nil, false
		}
		return berIndefinite(tag, content, depth)
	}
	if length > len(content) {
		return nil, nil, false
	}
	content, rest = content[:length], content[length:]
	if !constructed {
		return derElement(tag, content), rest, true
	}
	var inside []byte
	for len(content) > 0 {
		var part []byte
		if part, content, ok = berElement(content, depth-1); !ok {
			return nil, nil, false
		}
		inside = append(inside, part...)
	}
	element, ok = berConstructed(tag, inside)
	return element, rest, ok
}

func berIndefinite(tag byte, content []byte, depth int) (element, rest []byte, ok bool) {
	var inside []byte
	for {
		if len(content) >= 2 && content[0] == 0 && content[1] == 0 {
			element, ok = berConstructed(tag, inside)
			return element, content[2:], ok
		}
		var part []byte
		if part, content, ok = berElement(content, depth-1); !ok {
			return nil, nil, false
		}
		inside = append(inside, part...)
	}
}

// berConstructed ends a constructed element whose parts are DER already.
func berConstructed(tag byte, inside []byte) ([]byte, bool) {
	if tag != 0x24 {
		return derElement(tag, inside), true
	}
	whole, ok := joinPieces(inside)
	return derElement(0x04, whole), ok
}

// berLength returns -1 for an indefinite length, and what follows the length.
func berLength(input []byte) (length int, rest []byte, ok bool) {
	first := int(input[0])
	input = input[1:]
	if first < 0x80 {
		return first, input, true
	}
	count := first & 0x7f
	if count == 0 {
		return -1, input, true
	}
	if count > 4 || count > len(input) {
		return 0, nil, false
	}
	for _, b := range input[:count] {
		length = length<<8 | int(b)
	}
	return length, input[count:], true
}

func derElement(tag byte, content []byte) []byte {
	n := len(content)
	head := []byte{tag, byte(n)}
	switch {
	case n >= 1<<24:
		head = []byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	case n >= 1<<16:
		head = []byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}
	case n >= 1<<8:
		head = []byte{tag, 0x82, byte(n >> 8), byte(n)}
	case n >= 1<<7:
		head = []byte{tag, 0x81, byte(n)}
	}
	return append(head, content...)
}
