package main

import (
	"fmt"
	"os"
	"slices"
)

// makeCA takes a CA from an empty folder to its officers.
func (f *four) makeCA() error {
	if err := os.WriteFile(f.in("pass"), []byte("only for the bench, a passphrase\n"), 0o600); err != nil {
		return err
	}
	codes, err := f.begin("ca", "--organisation", "示例省电子政务", "--public", f.at["public"], "--url", "http://"+f.at["public"], "--families", "sm2,ecdsa", "--partitions", "4")
	if err != nil {
		return err
	}
	if err := f.serve("ca"); err != nil {
		return err
	}
	for _, role := range []string{"system", "security", "audit"} {
		if err := f.enrol("centre."+role, codes[role]); err != nil {
			return err
		}
	}
	code, err := f.code("centre.security", "officer", "code", "--name", "centre.issuer", "--role", "issuer")
	if err != nil {
		return err
	}
	return f.enrol("centre.issuer", code)
}

func (f *four) enrol(name, code string) error {
	return f.script(says("", "officer", "enrol", "--server", "https://"+f.at["ca"], "--trust", f.in("ca", "trust.pem"), "--code-file", code,
		"--out", f.in("id", name), "--pass-file", f.in("pass")))
}

// makeKMC makes the centre with as many spare pairs as will be used.
func (f *four) makeKMC() error {
	codes, err := f.begin("kmc", "--trust", f.in("ca", "trust.pem"), "--peer", "ca="+f.in("ca", "message.pem"))
	if err != nil {
		return err
	}
	for _, name := range []string{"tls", "message"} {
		if err := f.script(says("centre.security", "ca", "issue", "--profile", "site", "--request", f.in("kmc", name+".csr"), "--out", f.in("out", name))); err != nil {
			return err
		}
		bundle, err := os.ReadFile(f.in("out", name, "bundle.pem"))
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.in("kmc", name+".pem"), bundle, 0o600); err != nil {
			return err
		}
	}
	config, err := os.ReadFile(f.in("kmc", "kmc.yaml"))
	if err != nil {
		return err
	}
	config = append(config, fmt.Sprintf("pool: {sm2: {target: %d, low: 1}, p256: {target: 2, low: 1}}\n", f.pool)...)
	if err := os.WriteFile(f.in("kmc", "kmc.yaml"), config, 0o600); err != nil {
		return err
	}
	if err := f.serve("kmc"); err != nil {
		return err
	}
	for _, role := range []string{"system", "security", "audit"} {
		if err := f.script(says("centre."+role, "officer", "join", "--kmc", "https://"+f.at["kmc"], "--code-file", codes[role])); err != nil {
			return err
		}
	}
	return f.script(says("centre.system", "kmc", "fill"))
}

// link lets the CA ask the centre for keys.
func (f *four) link() error {
	code, err := f.code("centre.security", "officer", "code", "--at", "kmc", "--name", "ca", "--role", "site")
	if err != nil {
		return err
	}
	err = f.script(says("", "ca", "link", "--config", f.in("ca", "ca.yaml"), "--kmc", "https://"+f.at["kmc"], "--centre", f.in("kmc", "message.pem"), "--code-file", code))
	if err != nil {
		return err
	}
	if err := f.end("ca"); err != nil {
		return err
	}
	return f.serve("ca")
}

// makeRA makes a registration with a branch and the place of a counter in its tree.
func (f *four) makeRA() error {
	codes, err := f.begin("ra", "--node", "centre", "--level", "centre", "--name", "示例省数字证书注册中心", "--ca", "https://"+f.at["ca"], "--trust", f.in("ca", "trust.pem"))
	if err != nil {
		return err
	}
	code, err := f.code("centre.security", "officer", "code", "--name", "centre", "--role", "site")
	if err != nil {
		return err
	}
	if err := f.script(says("", "ra", "enrol", "--config", f.in("ra", "ra.yaml"), "--code-file", code)); err != nil {
		return err
	}
	if err := f.serve("ra"); err != nil {
		return err
	}
	for _, role := range []string{"system", "security", "audit"} {
		if err := f.script(says("centre."+role, "ra", "join", "--ra", "https://"+f.at["ra"], "--code-file", codes[role])); err != nil {
			return err
		}
	}
	return f.script(says("centre.system", "ra", "node", "add", "ra1", "--below", "centre", "--level", "ra", "--name", "示例注册机构"),
		says("centre.security", "ra", "node", "approve", "ra1"),
		says("centre.system", "ra", "node", "add", outpost, "--below", "ra1", "--name", "示例独立受理点", "--site", outpost),
		says("centre.security", "ra", "node", "approve", outpost))
}

// makeLRA makes the counter with a process of its own, and its administrators.
func (f *four) makeLRA() error {
	codes, err := f.begin("lra", "--node", outpost, "--above", "centre,ra1", "--name", "示例独立受理点", "--upstream", "https://"+f.at["ra"], "--trust", f.in("ca", "trust.pem"))
	if err != nil {
		return err
	}
	for _, step := range [][]string{{"enrol", "--server", "https://" + f.at["ca"]}, {"join"}} {
		words := []string{"officer", "code", "--name", outpost, "--role", "site"}
		if step[0] == "join" {
			words = append(words, "--at", "ra")
		}
		code, err := f.code("centre.security", words...)
		if err != nil {
			return err
		}
		if err := f.script(says("", slices.Concat([]string{"lra"}, step, []string{"--config", f.in("lra", "lra.yaml"), "--code-file", code})...)); err != nil {
			return err
		}
	}
	if err := f.serve("lra"); err != nil {
		return err
	}
	for _, role := range []string{"system", "security", "audit"} {
		if _, err := f.admit("lra", outpost+"."+role, codes[role]); err != nil {
			return err
		}
	}
	return nil
}
