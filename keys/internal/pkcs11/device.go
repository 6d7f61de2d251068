package pkcs11

import (
	"fmt"

	"onecert/keys/internal/pool"
)

// Info is what a token says of itself.
type Info struct{ Label, Manufacturer, Model, Serial, Hardware, Firmware string }

// Describe finds a token and returns what it says of itself, without logging in.
func (m *Module) Describe(t Token) (Info, error) {
	_, info, err := m.locate(t)
	if err != nil {
		return Info{}, err
	}
	id := info.identity()
	version := func(v [2]byte) string { return fmt.Sprintf("%d.%d", v[0], v[1]) }
	return Info{id.label, id.manufacturer, id.model, id.serial, version(info.hardware), version(info.firmware)}, nil
}

// maxRandom bounds how much is asked of a device at once; SoftSDF's limit is 256.
const maxRandom = 256

// Random reads random octets from a token into b, without logging in.
func (m *Module) Random(t Token, b []byte) error {
	where, _, err := m.locate(t)
	if err != nil {
		return err
	}
	for len(b) > 0 {
		part := b[:min(len(b), maxRandom)]
		err := m.pool.Do(where, func(s *session) (pool.Verdict, error) {
			err := m.f.call(fnGenerateRandom, uintptr(s.handle), uintptr(first(part)), uintptr(len(part)))
			return m.judge(s, err), m.explain(err)
		})
		if err != nil {
			return err
		}
		b = b[len(part):]
	}
	return nil
}
