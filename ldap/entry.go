package ldap

import "slices"

// attribute is one attribute of an entry; name is as it is shown, with its option.
type attribute struct {
	name        string
	values      [][]byte
	operational bool // shown only when asked for by name or "+"
}

// entry is one entry of the tree.
type entry struct {
	dn         dn
	attributes []attribute
}

func (e *entry) add(name string, values ...string) {
	a := attribute{name: name}
	for _, v := range values {
		if v != "" {
			a.values = append(a.values, []byte(v))
		}
	}
	if len(a.values) > 0 {
		e.attributes = append(e.attributes, a)
	}
}

func (e *entry) addBinary(name string, values ...[]byte) {
	values = slices.DeleteFunc(values, func(v []byte) bool { return len(v) == 0 })
	if len(values) > 0 {
		e.attributes = append(e.attributes, attribute{name: name, values: values})
	}
}

func (e *entry) addOperational(name string, values ...string) {
	before := len(e.attributes)
	e.add(name, values...)
	if len(e.attributes) > before {
		e.attributes[before].operational = true
	}
}

// get returns an attribute by its short name, nil if there is none.
func (e *entry) get(name string) *attribute {
	for i := range e.attributes {
		if attributeName(e.attributes[i].name) == name {
			return &e.attributes[i]
		}
	}
	return nil
}

// chosen returns the attributes a search asked for (RFC 4511 4.5.1.8): none named or
// "*" are all but the operational ones, "+" is those, "1.1" is nothing.
func (e *entry) chosen(asked []string) []attribute {
	users := len(asked) == 0 || slices.Contains(asked, "*")
	operational := slices.Contains(asked, "+")
	var names []string
	for _, name := range asked {
		names = append(names, attributeName(name))
	}
	var out []attribute
	for _, a := range e.attributes {
		named := slices.Contains(names, attributeName(a.name))
		if named || a.operational && operational || !a.operational && users {
			out = append(out, a)
		}
	}
	return out
}
