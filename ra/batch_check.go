package ra

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"onecert/pki"
	"onecert/ra/internal/sheet"
)

// mostRows is the most rows a sheet may have, mostFaulty the most faults that are kept
// of one: who has more begins with those.
const (
	mostRows   = 10_000
	mostFaulty = 2000
)

// requestColumn is the column of a sheet for the request of a holder's own key.
const requestColumn = "request"

// batchColumns is the sheet of a kind: what its form asks, and the request.
func batchColumns(kind Kind) []sheet.Column {
	var all []sheet.Column
	for _, f := range Fields(kind) {
		c := sheet.Column{Key: f.Name, Heading: sheet.Words{Chinese: f.ZH, English: f.EN}, Required: f.Required, Most: maxField, Notes: notesOn(f.Form)}
		switch f.Form {
		case formText:
		case formIdentityKind:
			c.Kind = sheet.Choice
			for _, kind := range []string{pki.Resident, pki.Military, pki.Passport} {
				zh, en := documentNames(kind)
				c.Choices = append(c.Choices, sheet.Option{Value: kind, Words: sheet.Words{Chinese: zh, English: en}})
			}
		default:
			c.Kind = sheet.Identifier
		}
		all = append(all, c)
	}
	return append(all, sheet.Column{Key: requestColumn, Heading: sheet.Words{Chinese: "证书请求", English: "certificate request"}, Most: 8000,
		Notes: sheet.Words{Chinese: "PKCS#10，Base64 一行；由服务端生成密钥时留空", English: "PKCS#10, Base64 in one line; blank where the key is made on the server"}})
}

func notesOn(form string) sheet.Words {
	switch form {
	case formIdentity:
		return sheet.Words{Chinese: "全部位数；身份证号为 18 位", English: "all characters; an identity card's number has 18"}
	case formCreditCode:
		return sheet.Words{Chinese: "18 位统一社会信用代码", English: "18 characters"}
	case formPhone:
		return sheet.Words{Chinese: "数字，境外号码加国家代码", English: "digits, with + and country code for a foreign number"}
	case formMail:
		return sheet.Words{Chinese: "如 name@office.example", English: "like name@office.example"}
	case formHost:
		return sheet.Words{Chinese: "如 www.office.example", English: "like www.office.example"}
	}
	return sheet.Words{}
}

// RowFault is one thing that is wrong in a row of a sheet.
type RowFault struct {
	Row    int    `json:"row" doc:"as a spreadsheet program counts, from 1"`
	Field  string `json:"field,omitempty" doc:"empty: the whole row"`
	Cell   string `json:"cell,omitempty"`
	Code   string `json:"code"`
	Wrong  string `json:"wrong"`
	Remedy string `json:"remedy,omitempty"`
}

// batchRow is a row that was judged: what it says where it is good, what is wrong
// where it is not.
type batchRow struct {
	number  int
	fields  map[string]string
	request []byte
	faults  []sheet.Fault
}

// title is what lists show of a row: of a faulty one only if that can be shown.
func (row batchRow) title() string {
	name := row.fields["name"]
	if pki.HidesIdentity(name) || checkText("name", name) != nil {
		return ""
	}
	return name
}

// judgeSheet reads and judges all rows.
func (r *Registration) judgeSheet(ctx context.Context, b *Batch, content []byte) ([]batchRow, error) {
	columns := batchColumns(b.Kind)
	rows, err := sheet.Read(content, columns, sheet.Limits{Rows: mostRows})
	if err != nil {
		return nil, err
	}
	way, err := wayOf(ctx, r.cfg.DB.Read(), b.Path)
	if err != nil {
		return nil, err
	}
	j := judge{batch: b, columns: columns, way: way, seen: map[string]int{}}
	for row, err := range rows.All() {
		if err != nil {
			return nil, err
		}
		j.add(row)
	}
	b.Rows = len(j.rows)
	return j.rows, nil
}

// judge goes through a sheet; way is every node whose rights count.
type judge struct {
	batch   *Batch
	columns []sheet.Column
	way     []Node
	seen    map[string]int // row by holder
	rows    []batchRow
}

func (j *judge) add(row sheet.Row) {
	one := batchRow{number: row.Number, fields: map[string]string{}, faults: row.Faults}
	for i, column := range j.columns {
		if value := row.Values[i]; value != "" && column.Key != requestColumn {
			one.fields[column.Key] = value
		}
	}
	wrong := func(field string, err error) {
		if err != nil {
			one.faults = append(one.faults, row.Fault(field, err))
		}
	}
	for _, f := range Fields(j.batch.Kind) {
		if value := one.fields[f.Name]; value != "" {
			wrong(f.Name, f.check(value, one.fields))
		}
	}
	var err error
	one.request, err = readRequest(row.Values[len(row.Values)-1], j.batch.KeyFrom)
	wrong(requestColumn, err)
	if len(one.faults) == 0 {
		wrong("", j.allowed(one))
		field, err := j.first(one)
		wrong(field, err)
	}
	if len(one.faults) > 0 {
		j.batch.Faulty++
	}
	j.rows = append(j.rows, one)
}

// readRequest reads the request of a row; its proof of possession is checked.
func readRequest(text, from string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	if from == keyServer {
		return nil, pki.Errorf(pki.Invalid, "batch.request", "the row has a request, but the keys of this batch are made on the server").
			To("leave the column blank, or upload the sheet for holders' own keys")
	}
	if _, after, pem := strings.Cut(text, "REQUEST-----"); pem {
		text, _, _ = strings.Cut(after, "-----END")
	}
	der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "batch.request", "the request of the row is not Base64").To("write it in one line")
	}
	_, err = pki.ParseRequest(der, true)
	return der, err
}

// allowed says whether every node on the way to the top allows what the row asks.
func (j *judge) allowed(row batchRow) error {
	a := &Application{Operation: Issue, Kind: j.batch.Kind, Profile: j.batch.Profile, Node: j.batch.Node, Path: j.batch.Path, Fields: row.fields}
	for _, n := range j.way {
		if err := n.Rights.allows(a); err != nil {
			return err
		}
	}
	return nil
}

// first says whether nobody stands twice in the sheet, however the number was typed.
func (j *judge) first(row batchRow) (field string, err error) {
	field, who := "name", strings.ToLower(row.fields["name"])
	if kind := j.batch.Kind; kind == Person || kind == Organisation {
		if field = "identity"; kind == Organisation {
			field = "credit_code"
		}
		sort, number := (&Application{Kind: kind, Fields: row.fields}).identity()
		if number, err = pki.NormalIdentity(sort, number); err != nil {
			return field, err
		}
		who = sort + " " + number
	}
	if before, there := j.seen[who]; there {
		return field, pki.Errorf(pki.Invalid, "batch.twice", "row %d is about the same", before).To("delete one of the two rows, or mend it")
	}
	j.seen[who] = row.number
	return field, nil
}

// told is an error of one row; nil means that the batch cannot go on now, and the row
// is not to blame.
func told(err error) *pki.Error {
	switch pki.KindOf(err) {
	case pki.Invalid, pki.Forbidden, pki.Conflict, pki.Unknown:
		e, _ := errors.AsType[*pki.Error](err)
		return e
	}
	return nil
}
