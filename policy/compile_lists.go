package policy

import (
	"encoding/hex"
	"strings"

	"onecert/pki"
)

// readLists reads the lists that rules ask for, and checks the others too.
func (c *compiler) readLists() {
	ix := newListIndex()
	entries := 0
	for _, name := range sorted(c.rules.Lists) {
		list := c.rules.Lists[name]
		entries += len(list.Fingerprints) + len(list.Serials) + len(list.Users) + len(list.Names)
		if entries > maxEntries {
			c.fault("lists", "too-many", maxEntries)
			return
		}
		number := len(ix.lists)
		ix.numbers[name] = number
		ix.lists = append(ix.lists, listed{name, len(list.Users) > 0, len(list.Fingerprints)+len(list.Serials)+len(list.Names) > 0})
		c.readList(ix, number, "lists."+shown(name), &list)
	}
	if len(ix.lists) > 0 {
		c.set.lists = ix
	}
}

func (c *compiler) readList(ix *listIndex, number int, field string, list *List) {
	for _, text := range list.Fingerprints {
		fingerprint := strings.ToLower(strings.ReplaceAll(text, ":", ""))
		if b, err := hex.DecodeString(fingerprint); err != nil || len(b) != 32 {
			c.fault(field+".fingerprints", "fingerprint", text)
			continue
		}
		ix.put(ix.fingerprints, fingerprint, number)
	}
	for _, entry := range list.Serials {
		serial, err := pki.ParseSerial(entry.Serial)
		if err != nil {
			c.fault(field+".serials", "serial", entry.Serial)
			continue
		}
		if name, ok := c.wholeName(field+".serials", entry.Issuer); ok {
			ix.put(ix.serials, string(appendName(append([]byte(serial), 0), name)), number)
		}
	}
	for _, user := range list.Users {
		if user == "" || len(user) > maxText {
			c.fault(field+".users", "empty")
			continue
		}
		ix.put(ix.users, user, number)
	}
	for _, text := range list.Names {
		if name, ok := c.wholeName(field+".names", text); ok {
			ix.put(ix.names, string(appendName(nil, name)), number)
		}
	}
}

func (c *compiler) wholeName(field, text string) (name pki.Name, ok bool) {
	name, err := pki.ParseName(text)
	if err != nil || len(text) > maxAbout || !nameFits(name) {
		c.fault(field, "dn", text)
		return nil, false
	}
	return name, true
}
