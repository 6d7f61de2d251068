package ra

import (
	"slices"
	"strings"

	"onecert/pki"
)

// Material is a sort of document that belongs to an application (features H6).
type Material struct {
	Sort     string      `json:"sort"`
	ZH       string      `json:"zh"`
	EN       string      `json:"en"`
	Required []Operation `json:"required" doc:"for these it has to be there before review"`
}

// What people bring. The signed form is what the applicant's consent stands in.
var (
	signedForm    = Material{"form", "申请表（签字或盖章）", "the signed application form", []Operation{Issue, Reissue, Modify}}
	identityCard  = Material{"identity", "申请人有效身份证件", "the applicant's identity document", []Operation{Issue, Reissue}}
	employment    = Material{"employment", "单位在职证明", "proof of employment", nil}
	licence       = Material{"licence", "统一社会信用代码证书或营业执照", "registration certificate of the organisation", []Operation{Issue}}
	authority     = Material{"authority", "单位授权书（盖章）", "the organisation's letter of authority", []Operation{Issue, Reissue, Modify, Revoke}}
	agentIdentity = Material{"agent-identity", "经办人身份证件", "the agent's identity document", []Operation{Issue, Reissue, Modify}}
	lossReport    = Material{"loss", "挂失或遗失说明", "statement of the loss", nil}
	other         = Material{"other", "其他材料", "other", nil}
)

// Materials lists what may be attached for a kind, and when it has to be.
func Materials(kind Kind) []Material {
	if kind == Person {
		return []Material{signedForm, identityCard, employment, lossReport, other}
	}
	return []Material{signedForm, licence, authority, agentIdentity, lossReport, other}
}

func checkSort(kind Kind, sort string) error {
	all := Materials(kind)
	if slices.ContainsFunc(all, func(m Material) bool { return m.Sort == sort }) {
		return nil
	}
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = m.Sort
	}
	return pki.Errorf(pki.Invalid, "document.sort", "%.30q is no document of a %s", sort, kind).To("use %s", strings.Join(names, ", "))
}

// lacking names the first document that is missing before review. Applications of a
// batch are covered by the list the batch was made from.
func lacking(a *Application, there []Document) error {
	if a.Batch != "" {
		return nil
	}
	for _, m := range Materials(a.Kind) {
		if slices.Contains(m.Required, a.Operation) && !slices.ContainsFunc(there, func(d Document) bool { return d.Sort == m.Sort }) {
			return pki.Errorf(pki.Invalid, "document.missing", "a document is missing: %s (%s)", m.EN, m.ZH).To("attach a scan of it")
		}
	}
	return nil
}
