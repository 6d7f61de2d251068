package main

import (
	"os"
	"strings"
	"testing"

	"onecert/audit"
	"onecert/ca"
	"onecert/kmc"
	"onecert/officer"
)

// lifeOfPersons are the acts that one person cannot do: a change of profiles, and the
// keys of a holder for an investigator, opened by OpenSSL.
func lifeOfPersons(t *town) {
	t.Run("profiles", func(*testing.T) { changeOfProfiles(t) })
	t.Run("case", func(*testing.T) { caseForACourt(t) })
	t.Run("destruction", func(*testing.T) { destructionOfKeys(t) })
}

func changeOfProfiles(t *town) {
	text, err := os.ReadFile("../../ca/profiles/site.yaml")
	if err != nil {
		t.Fatal(err)
	}
	changed := file(t.T, "site.yaml", []byte(strings.NewReplacer("version: 1", "version: 2", "days: 365", "days: 300").Replace(string(text))))
	propose := []string{"ca", "profiles", "propose", changed, "--reason", "年限缩短", "--as", t.in("id", "centre.system")}
	if out := t.does(propose...); !strings.Contains(out, "site: 1 → 2") || !strings.Contains(out, "+ version: 2") || !strings.Contains(out, "still needed: 1 security") {
		t.Errorf("%s", out)
	}
	proposed := answers[ca.ProposedProfiles](t, propose...)
	if out := t.as("centre.security", "approval", "list", "--waiting"); !strings.Contains(out, proposed.Approval) || strings.Count(out, "\n") != 2 {
		t.Errorf("asked twice it is one proposal: %s", out)
	}
	if out := t.as("centre.security", "approval", "show", proposed.Approval); !strings.Contains(out, "| + version: 2") || !strings.Contains(out, "年限缩短") {
		t.Errorf("%s", out)
	}
	t.refused("officer.forbidden", "approval", "approve", proposed.Approval, "--as", t.in("id", "centre.system"))
	t.refused("approval.content", "approval", "approve", proposed.Approval, "--digest", strings.Repeat("0", 64), "--as", t.in("id", "centre.security"))
	if out := t.as("centre.security", "approval", "approve", proposed.Approval); !strings.Contains(out, "it is done") {
		t.Errorf("%s", out)
	}
	for _, v := range answers[[]ca.ProfileView](t, "ca", "profiles", "--as", t.in("id", "centre.audit")) {
		if v.Name == "site" && (v.Version != 2 || v.Hash != proposed.Changes[0].Hash) {
			t.Errorf("%+v", v)
		}
	}
	if out := t.as("centre.audit", "ca", "profiles", "history", "site"); !strings.Contains(out, proposed.Approval) || !strings.Contains(out, proposed.Changes[0].Hash) {
		t.Errorf("%s", out)
	}
	t.refused("profile.version", propose...)
	if out := t.as("centre.audit", "approval", "list", "--ended"); !strings.Contains(out, "done") {
		t.Errorf("%s", out)
	}
	receipt := answers[officer.Receipt](t, "ca", "crl-number", "sm2", "--above", "999999", "--reason", "restored", "--as", t.in("id", "centre.system"))
	if out := t.as("centre.security", "approval", "reject", receipt.Approval, "--reason", "没有恢复过"); !strings.Contains(out, "rejected") || !strings.Contains(out, "没有恢复过") {
		t.Errorf("%s", out)
	}
	receipt = answers[officer.Receipt](t, "ca", "crl-number", "sm2", "--above", "888888", "--reason", "restored", "--as", t.in("id", "centre.system"))
	if out := t.as("centre.system", "approval", "withdraw", receipt.Approval); !strings.Contains(out, "withdrawn") {
		t.Errorf("%s", out)
	}
}

// caseForACourt hands the key of zhao's encryption certificate to an investigator.
func caseForACourt(t *town) {
	for _, name := range []string{"second.custodian", "third.custodian"} {
		t.enrol(name, t.code("ca", name, "custodian"))
		t.as(name, "officer", "join", "--kmc", "https://"+t.kmc, "--code-file", t.secretFile(t.code("kmc", name, "custodian")))
	}
	_, csr := t.request("court", "/C=CN/O=示例市公安局/CN=侦查员", p256()...)
	t.as("centre.issuer", "ca", "issue", "--profile", "person-sign", "--request", csr, "--holder", "COURT1", "--out", t.in("court"))
	subject := answers[ca.Certificate](t, "ca", "show", t.in("zhao", "encrypt.pem"), "--as", t.in("id", "centre.audit"))
	open := []string{"kmc", "case", "open", "--number", "(2026)刑字第17号", "--authority", "示例市公安局", "--reason", "调取证据通知书",
		"--serial", "ca/" + string(subject.Serial), "--certificate", t.in("court", "sign.pem"), "--as", t.in("id", "centre.custodian")}
	if out := t.does(open...); !strings.Contains(out, "sealed to: C=CN") || !strings.Contains(out, "still needed: 2 custodian") {
		t.Errorf("%s", out)
	}
	opened := answers[kmc.Case](t, open...)
	export := []string{"kmc", "case", "export", opened.ID, "--out", t.in("case"), "--as", t.in("id", "centre.custodian")}
	for _, name := range []string{"second.custodian", "third.custodian"} {
		t.refused("approval.pending", export...)
		t.refused("approval.own", "approval", "approve", opened.ID, "--at", "kmc", "--as", t.in("id", "centre.custodian"))
		t.as(name, "approval", "approve", opened.ID, "--at", "kmc")
	}
	for range 2 { // a second time it is the same, and what is written stays
		if out := t.does(export...); !strings.Contains(out, string(subject.Serial)+".der") || !strings.Contains(out, "shown to the holder from") {
			t.Errorf("%s", out)
		}
	}
	openssl(t.T, "cms", "-decrypt", "-inform", "DER", "-in", t.in("case", string(subject.Serial)+".der"), "-inkey", t.in("court.key"), "-binary", "-out", t.in("had.der"))
	openssl(t.T, "pkey", "-inform", "DER", "-in", t.in("had.der"), "-out", t.in("had.key"))
	belongs(t, t.in("had.key"), t.in("zhao", "encrypt.pem"))
	if out := t.as("centre.custodian", "kmc", "ledger", subject.Holder); !strings.Contains(out, "key.disclose") || !strings.Contains(out, "调取证据通知书") {
		t.Errorf("%s", out)
	}
	if out := t.as("centre.audit", "kmc", "case", "list"); !strings.Contains(out, "(2026)刑字第17号") || !strings.Contains(out, "done") {
		t.Errorf("%s", out)
	}
	if out := t.as("centre.audit", "kmc", "case", "show", opened.ID); !strings.Contains(out, "second.custodian") || !strings.Contains(out, "carried out by: centre.custodian") {
		t.Errorf("%s", out)
	}
	for _, e := range answers[[]audit.Entry](t, "audit", "tail", "--config", t.in("kmc", "kmc.yaml")) {
		if e.Act == "key.disclose" && e.Detail["case"] != "(2026)刑字第17号" {
			t.Errorf("%+v", e)
		}
	}
}

func destructionOfKeys(t *town) {
	if out := t.as("centre.audit", "kmc", "retention"); !strings.Contains(out, "10 years") {
		t.Errorf("%s", out)
	}
	subject := answers[ca.Certificate](t, "ca", "show", t.in("zhao", "encrypt.pem"), "--as", t.in("id", "centre.audit"))
	t.refused("km.kept", "kmc", "destroy", "--serial", string(subject.Serial), "--reason", "x", "--as", t.in("id", "centre.custodian"))
}
