package tlcp

import (
	"bytes"
	"slices"
	"testing"
)

// seeds gives a fuzzer the bodies of all recorded messages of one kind.
func seeds(f *testing.F, kind uint8) {
	for _, r := range everyRecording() {
		for _, role := range []string{"client", "server"} {
			for _, flow := range readFlows(f, replayFile(r.name+"."+role+".flow")) {
				for _, turn := range flow {
					for rest := turn.bytes; len(rest) > headerLen && rest[0] == typeHandshake; {
						n := headerLen + int(rest[3])<<8 + int(rest[4])
						if rest[headerLen] == kind && n > headerLen+4 {
							f.Add(rest[headerLen+4 : n])
						}
						rest = rest[n:]
					}
				}
			}
		}
	}
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 80))
}

// again compares what was parsed and made again with what was read.
func again(t *testing.T, read, made []byte, err error) {
	t.Helper()
	if err != nil || !bytes.Equal(made[4:], read) {
		t.Errorf("read %x\nmade %x (%v)", read, made, err)
	}
}

func FuzzClientHello(f *testing.F) {
	seeds(f, kindClientHello)
	f.Fuzz(func(t *testing.T, body []byte) {
		hello, err := parseClientHello(body)
		if err != nil {
			return
		}
		made, err := hello.marshal()
		if err != nil {
			t.Fatal(err)
		}
		second, err := parseClientHello(made[4:]) // extensions are put in our order, others left out
		if err != nil || second.random != hello.random || !slices.Equal(second.suites, hello.suites) || !bytes.Equal(second.session, hello.session) ||
			second.extensions.serverName != hello.extensions.serverName && hello.extensions.serverName != "" ||
			!slices.Equal(second.extensions.protocols, hello.extensions.protocols) || len(second.extensions.authorities) != len(hello.extensions.authorities) {
			if !hello.extensions.named || hello.extensions.serverName != "" { // an empty name is not made again
				t.Errorf("%+v\n%+v (%v)", hello, second, err)
			}
		}
	})
}

func FuzzServerHello(f *testing.F) {
	seeds(f, kindServerHello)
	f.Fuzz(func(t *testing.T, body []byte) {
		hello, err := parseServerHello(body)
		if err != nil {
			return
		}
		made, err := hello.marshal()
		if err != nil {
			t.Fatal(err)
		}
		if second, err := parseServerHello(made[4:]); err != nil || second.random != hello.random || second.suite != hello.suite || !bytes.Equal(second.session, hello.session) {
			t.Errorf("%+v\n%+v (%v)", hello, second, err)
		}
	})
}

func FuzzCertificates(f *testing.F) {
	seeds(f, kindCertificate)
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := parseCertificates(body)
		if err != nil {
			return
		}
		made, err := marshalCertificates(list)
		again(t, body, made, err)
		if len(list) > 0 {
			h := newHandshake(Client(nil, &Config{RootCAs: people().ca.pool()}), t.Context())
			h.judge(list, demand{server: true, pair: true, name: serverName, trust: true})
		}
	})
}

func FuzzServerKeyExchange(f *testing.F) {
	seeds(f, kindServerKeyExchange)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, ecdhe := range []bool{false, true} {
			if m, err := parseServerKeyExchange(body, ecdhe); err == nil {
				made, err := m.marshal()
				again(t, body, made, err)
			}
		}
	})
}

func FuzzCertificateRequest(f *testing.F) {
	seeds(f, kindCertificateRequest)
	f.Fuzz(func(t *testing.T, body []byte) {
		if m, err := parseCertificateRequest(body); err == nil {
			made, err := m.marshal()
			again(t, body, made, err)
		}
	})
}

func FuzzClientKeyExchange(f *testing.F) {
	seeds(f, kindClientKeyExchange)
	point := marshalPoint(append([]byte{4}, make([]byte, 64)...))
	f.Add(append([]byte{0, byte(len(point))}, point...)) // GmSSL's form
	f.Fuzz(func(t *testing.T, body []byte) {
		if content, err := parseClientKeyExchange(body, false); err == nil {
			made, err := marshalClientKeyExchange(&suite{}, content)
			again(t, body, made, err)
		}
		if content, err := parseClientKeyExchange(body, true); err == nil && !bytes.HasSuffix(body, content) {
			t.Errorf("read %x\ngot %x", body, content)
		}
	})
}

func FuzzCertificateVerify(f *testing.F) {
	seeds(f, kindCertificateVerify)
	f.Fuzz(func(t *testing.T, body []byte) {
		if signature, err := parseCertificateVerify(body); err == nil {
			made, err := marshalCertificateVerify(signature)
			again(t, body, made, err)
			whatFits(&people().ca.issuerKey.PublicKey, body, signature, nil)
		}
	})
}

// FuzzClient and FuzzServer let a whole connection meet what a peer might send: no
// panic, no hang, and no handshake but the recorded one comes to its end.
func FuzzClient(f *testing.F) { fuzzConnection(f, "client") }
func FuzzServer(f *testing.F) { fuzzConnection(f, "server") }

func fuzzConnection(f *testing.F, role string) {
	all := everyRecording()
	for i, r := range all {
		f.Add(uint8(i), slices.Concat(peerRecords(f, r.name+"."+role+".flow")...))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		r := all[int(which)%len(all)]
		client, server := replayConfigs(t, r)
		d := &deck{data: data}
		conn := Server(d, server)
		if role == "client" {
			conn = Client(d, client)
		}
		if err := conn.Handshake(); err != nil {
			return
		}
		for range 1000 {
			if _, err := conn.Read(make([]byte, 100)); err != nil {
				return
			}
		}
		t.Error("it reads for ever")
	})
}
