package ra

import (
	"bytes"
	"context"
	"iter"
	"strconv"
	"strings"

	"onecert/officer"
	"onecert/pki"
	"onecert/ra/internal/sheet"
)

// BatchResult is what came of a batch as a file, XLSX or CSV: each row with its
// application and certificate, or with what is wrong. It holds names and no other
// data of people; that it was taken stands in the audit log.
func (r *Registration) BatchResult(ctx context.Context, id, form, language string) ([]byte, error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	words, err := languageOf(language)
	if err != nil {
		return nil, err
	}
	b, err := readBatch(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, err
	}
	all, err := outcomes(ctx, r.cfg.DB.Read(), b.ID)
	if err != nil {
		return nil, err
	}
	act := b.act("result", s)
	act.At, act.Detail["form"] = r.now(), form
	var out bytes.Buffer
	if err := sheet.Write(&out, sheet.Format(form), resultColumns(), words, resultRows(all, words)); err != nil {
		return nil, err
	}
	return out.Bytes(), r.cfg.Audit.Record(ctx, act)
}

// column is a column of a file with the words people see in the place of codes.
func column(key, zh, en string, values ...[3]string) sheet.Column {
	c := sheet.Column{Key: key, Heading: sheet.Words{Chinese: zh, English: en}, Most: 4000}
	for _, v := range values {
		c.Kind = sheet.Choice
		c.Choices = append(c.Choices, sheet.Option{Value: v[0], Words: sheet.Words{Chinese: v[1], English: v[2]}})
	}
	return c
}

// resultColumns are the columns of the file with results.
func resultColumns() []sheet.Column {
	return []sheet.Column{
		column("row", "原表行号", "row"),
		column("name", "名称", "name"),
		column("result", "结果", "result", [3]string{rowReady, "待登记", "waiting"}, [3]string{rowFaulty, "有误", "faulty"},
			[3]string{rowRegistered, "已登记", "registered"}, [3]string{rowFailed, "登记失败", "failed"}),
		column("application", "申请编号", "application"),
		column("state", "申请状态", "state", stateWords()...),
		column("serial", "证书序列号", "serial number"),
		column("cell", "有误的单元格", "faulty cells"),
		column("code", "错误代码", "code"),
		column("wrong", "错误说明", "what is wrong and what to do"),
	}
}

func stateWords() [][3]string {
	return [][3]string{
		{string(Draft), "草稿", "draft"}, {string(Submitted), "待审核", "submitted"}, {string(Returned), "退回补正", "returned"},
		{string(Approved), "审核通过", "approved"}, {string(Rejected), "审核不通过", "rejected"}, {string(Issued), "已制证", "issued"},
		{string(Delivered), "已发放", "delivered"}, {string(Withdrawn), "已撤回", "withdrawn"},
	}
}

// says is a fault in the language of the file; what has no Chinese words is told in English.
func (f RowFault) says(language sheet.Language) string {
	english, chinese := f.Wrong+"; "+f.Remedy, chineseFaults[f.Code]
	if language == sheet.English || chinese == "" {
		return english
	}
	return sheet.Words{Chinese: chinese, English: english}.In(language)
}

func resultRows(all []*outcome, language sheet.Language) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, o := range all {
			var cells, codes, words []string
			for _, f := range o.Faults {
				cells, codes, words = append(cells, f.Cell), append(codes, f.Code), append(words, f.says(language))
			}
			row := []string{strconv.Itoa(o.Row), o.Name, o.State, o.Application, string(o.state), string(o.serial),
				strings.TrimSpace(strings.Join(cells, " ")), strings.Join(codes, " "), strings.Join(words, " | ")}
			if !yield(row) {
				return
			}
		}
	}
}

// mediaOf is the media type of a form of file.
func mediaOf(form string) (string, error) {
	switch sheet.Format(form) {
	case sheet.XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", nil
	case sheet.CSV:
		return "text/csv; charset=utf-8", nil
	}
	return "", pki.Errorf(pki.Invalid, "batch.form", "results are given as xlsx or csv")
}
