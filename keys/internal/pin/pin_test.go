package pin

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"onecert/pki"
)

var errNo = errors.New("no")

// lock is a device with one PIN that counts wrong tries.
type lock struct {
	right string
	shown int
	away  bool
}

func (l *lock) show(value []byte) (Answer, error) {
	l.shown++
	switch {
	case l.away:
		return Unheard, errNo
	case string(value) != l.right:
		return Refused, errNo
	}
	return Accepted, nil
}

func TestRefusedIsNotShownAgain(t *testing.T) {
	device, p := &lock{right: "1234"}, &PIN{}
	try := func(value string) error {
		return p.Try([]byte(value), func() error { return p.Show(device.show) })
	}
	if err := try("0000"); !errors.Is(err, errNo) {
		t.Fatal(err)
	}
	for range 5 {
		if err := p.Show(device.show); pki.CodeOf(err) != "key.pin" {
			t.Error(err)
		}
		if err := try("0000"); pki.CodeOf(err) != "key.pin" {
			t.Error(err)
		}
	}
	if device.shown != 1 {
		t.Errorf("a wrong PIN was shown %d times", device.shown)
	}
	if err := try("1234"); err != nil || !p.Proven() || device.shown != 2 { // another one may be tried
		t.Errorf("the right PIN: %v", err)
	}
}

func TestAnotherIsNotTakenForTheOneInForce(t *testing.T) {
	device, p := &lock{right: "1234"}, &PIN{}
	if p.Known() || p.Proven() {
		t.Error("a new PIN is known")
	}
	nothing := func() error { return nil }
	if err := p.Try([]byte("1234"), func() error { return p.Show(device.show) }); err != nil {
		t.Fatal(err)
	}
	if err := p.Try([]byte("9999"), nothing); pki.CodeOf(err) != "key.pin-differs" || pki.KindOf(err) != pki.Forbidden {
		t.Error(err)
	}
	if err := p.Try([]byte("1234"), nothing); err != nil {
		t.Error(err)
	}
	// Changed in the device while it was away: refused once, then never shown.
	device.right = "5678"
	for range 3 {
		if err := p.Show(device.show); err == nil {
			t.Error("the old PIN opened the device")
		}
	}
	if device.shown != 2 {
		t.Errorf("shown %d times", device.shown)
	}
}

func TestUnheardIsShownAgain(t *testing.T) {
	device, p := &lock{right: "1234", away: true}, &PIN{}
	_ = p.Try([]byte("1234"), func() error { return p.Show(device.show) })
	device.away = false
	if err := p.Show(device.show); err != nil {
		t.Error(err)
	}
}

func TestTheCallersCopyMayBeWiped(t *testing.T) {
	device, p, value := &lock{right: "1234"}, &PIN{}, []byte("1234")
	_ = p.Try(value, func() error { return nil })
	clear(value)
	if err := p.Show(device.show); err != nil {
		t.Error(err)
	}
}

func TestNothingPrintsIt(t *testing.T) {
	p := &PIN{}
	_ = p.Try([]byte("81726354"), func() error { return nil })
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(verb, p)
		if strings.Contains(text, "81726354") || strings.Contains(text, "3831373236333534") || strings.Contains(text, "56 49 55 50") {
			t.Errorf("%s shows %s", verb, text)
		}
	}
}
