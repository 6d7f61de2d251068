package ra

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"onecert/pki"
)

// Kind is what a certificate stands for (features H4).
type Kind string

// The kinds one can apply for.
const (
	Person       Kind = "person"
	Organisation Kind = "organisation"
	Device       Kind = "device"
	Code         Kind = "code"
)

// Kinds lists all of them.
func Kinds() []Kind { return []Kind{Person, Organisation, Device, Code} }

// Field is one thing asked of an applicant, with why it may be asked (features O15).
type Field struct {
	Name      string `json:"name"`
	ZH        string `json:"zh"`
	EN        string `json:"en"`
	Form      string `json:"form" doc:"text, identity-kind, identity, credit-code, phone, mail, host or address"`
	Required  bool   `json:"required"`
	Sensitive bool   `json:"sensitive" doc:"sealed at rest, masked unless asked for with a reason"`
	Attribute string `json:"attribute,omitempty" doc:"where it stands in the certificate's name"`
	Purpose   string `json:"purpose" doc:"why it is asked: certificate, vetting or contact"`
}

// What a field is asked for.
const (
	forCertificate = "certificate"
	forVetting     = "vetting"
	forContact     = "contact"
)

// The forms a field's text has.
const (
	formText         = "text"
	formIdentityKind = "identity-kind"
	formIdentity     = "identity"
	formCreditCode   = "credit-code"
	formPhone        = "phone"
	formMail         = "mail"
	formHost         = "host"
	formAddress      = "address"
)

var contactFields = []Field{
	{Name: "phone", ZH: "手机号码", EN: "mobile phone", Form: formPhone, Required: true, Sensitive: true, Purpose: forContact},
	{Name: "mail", ZH: "电子邮箱", EN: "e-mail", Form: formMail, Sensitive: true, Purpose: forContact},
	{Name: "address", ZH: "通信地址", EN: "postal address", Form: formText, Sensitive: true, Purpose: forContact},
}

var personFields = append([]Field{
	{Name: "name", ZH: "姓名", EN: "name", Form: formText, Required: true, Attribute: "CN", Purpose: forCertificate},
	{Name: "identity_kind", ZH: "证件类型", EN: "kind of document", Form: formIdentityKind, Required: true, Purpose: forVetting},
	{Name: "identity", ZH: "证件号码", EN: "document number", Form: formIdentity, Required: true, Sensitive: true, Purpose: forVetting},
	{Name: "unit", ZH: "单位", EN: "unit", Form: formText, Required: true, Attribute: "O", Purpose: forCertificate},
	{Name: "department", ZH: "部门", EN: "department", Form: formText, Attribute: "OU", Purpose: forCertificate},
	{Name: "post", ZH: "职务", EN: "post", Form: formText, Attribute: "title", Purpose: forCertificate},
}, contactFields...)

var agentFields = []Field{
	{Name: "agent", ZH: "经办人", EN: "agent", Form: formText, Required: true, Sensitive: true, Purpose: forVetting},
	{Name: "agent_identity", ZH: "经办人身份证号码", EN: "agent's identity number", Form: formIdentity, Required: true, Sensitive: true, Purpose: forVetting},
}

var organisationFields = slices.Concat([]Field{
	{Name: "name", ZH: "机构名称", EN: "organisation", Form: formText, Required: true, Attribute: "CN", Purpose: forCertificate},
	{Name: "credit_code", ZH: "统一社会信用代码", EN: "unified social credit code", Form: formCreditCode, Required: true, Purpose: forCertificate},
	{Name: "legal_representative", ZH: "法定代表人", EN: "legal representative", Form: formText, Required: true, Sensitive: true, Purpose: forVetting},
}, agentFields, contactFields)

var deviceFields = slices.Concat([]Field{
	{Name: "name", ZH: "设备名称或域名", EN: "name or host name", Form: formHost, Required: true, Attribute: "CN", Purpose: forCertificate},
	{Name: "ip", ZH: "IP 地址", EN: "IP address", Form: formAddress, Purpose: forCertificate},
	{Name: "unit", ZH: "所属单位", EN: "unit", Form: formText, Required: true, Attribute: "O", Purpose: forCertificate},
	{Name: "credit_code", ZH: "单位统一社会信用代码", EN: "the unit's social credit code", Form: formCreditCode, Required: true, Purpose: forVetting},
}, agentFields, contactFields)

var codeFields = slices.Concat([]Field{
	{Name: "name", ZH: "软件发布者名称", EN: "publisher", Form: formText, Required: true, Attribute: "CN", Purpose: forCertificate},
	{Name: "unit", ZH: "所属单位", EN: "unit", Form: formText, Required: true, Attribute: "O", Purpose: forCertificate},
	{Name: "credit_code", ZH: "单位统一社会信用代码", EN: "the unit's social credit code", Form: formCreditCode, Required: true, Purpose: forVetting},
}, agentFields, contactFields)

// Fields lists what is asked for a kind, in the order of the form.
func Fields(kind Kind) []Field {
	switch kind {
	case Person:
		return personFields
	case Organisation:
		return organisationFields
	case Device:
		return deviceFields
	case Code:
		return codeFields
	}
	return nil
}

// fieldOf finds a field of a kind by name.
func fieldOf(kind Kind, name string) (Field, bool) {
	all := Fields(kind)
	i := slices.IndexFunc(all, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return all[i], true
}

// maxField is the most runes a field's text has.
const maxField = 200

var (
	phoneForm = regexp.MustCompile(`^\+?[0-9][0-9 -]{5,19}$`)
	hostForm  = regexp.MustCompile(`^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
)

// checkFields checks what is there; whole also asks for what has to be.
func checkFields(kind Kind, values map[string]string, whole bool) error {
	if len(Fields(kind)) == 0 {
		return pki.Errorf(pki.Invalid, "application.kind", "%.20q is no kind of certificate one can apply for", string(kind)).
			To("use person, organisation, device or code")
	}
	for name := range values {
		if _, ok := fieldOf(kind, name); !ok {
			return pki.Errorf(pki.Invalid, "field.unknown", "a %s has no field %.30q", kind, name).To("the fields of each kind stand at /v1/kinds")
		}
	}
	for _, f := range Fields(kind) {
		value := values[f.Name]
		if value == "" {
			if f.Required && whole {
				return pki.Errorf(pki.Invalid, "field.missing", "the field %s (%s) is empty", f.EN, f.ZH).To("fill it in")
			}
			continue
		}
		if err := f.check(value, values); err != nil {
			return err
		}
	}
	return nil
}

// check judges one text. No error repeats it: some are identity numbers.
func (f Field) check(value string, all map[string]string) error {
	if err := checkText(f.EN, value); err != nil {
		return err
	}
	bad := func(remedy string) error {
		return pki.Errorf(pki.Invalid, "field.form", "the field %s (%s) is not what it should be", f.EN, f.ZH).To("%s", remedy)
	}
	switch f.Form {
	case formIdentityKind:
		if !slices.Contains([]string{pki.Resident, pki.Military, pki.Passport}, value) {
			return bad("use resident, military or passport")
		}
	case formIdentity:
		kind := all["identity_kind"]
		if f.Name != "identity" || kind == "" {
			kind = pki.Resident
		}
		_, err := pki.NormalIdentity(kind, value)
		return err
	case formCreditCode:
		_, err := pki.NormalIdentity(pki.CreditCode, value)
		return err
	case formPhone:
		if !phoneForm.MatchString(value) {
			return bad("give digits, with + and country code for a foreign number")
		}
	case formMail:
		if a, err := mail.ParseAddress(value); err != nil || a.Address != value {
			return bad("write it like name@office.example")
		}
	case formHost:
		if len(value) > 253 || !hostForm.MatchString(value) {
			return bad("give a host name such as www.office.example")
		}
	default:
		if pki.HidesIdentity(value) {
			return pki.Errorf(pki.Invalid, "identity.clear", "the field %s (%s) holds what looks like an identity number", f.EN, f.ZH).
				To("identity numbers go into their own field only")
		}
	}
	return nil
}

// checkText refuses what no field, name or note may hold: too much, and characters one
// cannot see or that turn the order of what one sees.
func checkText(what, text string) error {
	if n := len([]rune(text)); n > maxField {
		return pki.Errorf(pki.Invalid, "field.length", "the %s has %d characters, more than %d", what, n, maxField)
	}
	return checkNote(what, text)
}

// checkNote is checkText without its limit, for what has one of its own.
func checkNote(what, text string) error {
	strange := strings.IndexFunc(text, func(r rune) bool {
		return r == unicode.ReplacementChar || unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r)
	})
	if strange >= 0 {
		return pki.Errorf(pki.Invalid, "field.characters", "the %s holds a character one cannot see", what).To("type it anew instead of pasting")
	}
	return nil
}
