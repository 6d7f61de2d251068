package ra

import (
	"slices"

	"onecert/pki"
)

// Operation is what is applied for. Each is registered, reviewed and carried out
// apart: with the cancelling of a holder the thirteen operations of features L2.
type Operation string

// The operations.
const (
	Issue    Operation = "issue"    // 签发
	Renew    Operation = "renew"    // 更新: new validity, same keys
	Reissue  Operation = "reissue"  // 补发: lost key, new keys
	Modify   Operation = "modify"   // 变更: other data, same keys
	Revoke   Operation = "revoke"   // 注销
	Freeze   Operation = "freeze"   // 冻结 (挂失)
	Unfreeze Operation = "unfreeze" // 解冻
	Cancel   Operation = "cancel"   // 信息注销
)

// Operations lists all of them.
func Operations() []Operation {
	return []Operation{Issue, Renew, Reissue, Modify, Revoke, Freeze, Unfreeze, Cancel}
}

// makes says whether new certificates come of it.
func (o Operation) makes() bool { return o == Issue || o == Renew || o == Reissue || o == Modify }

// follows says whether it is about a certificate that exists.
func (o Operation) follows() bool { return o != Issue && o != Cancel }

// needsRequest says whether the holder's request (PKCS#10) belongs to it.
func (o Operation) needsRequest() bool { return o == Issue || o == Reissue }

// changesData says whether the applicant's data may differ from what is certified.
func (o Operation) changesData() bool { return o == Issue || o == Modify || o == Renew }

func (o Operation) check() error {
	if slices.Contains(Operations(), o) {
		return nil
	}
	return pki.Errorf(pki.Invalid, "application.operation", "%.20q is nothing one can apply for", string(o)).
		To("use issue, renew, reissue, modify, revoke, freeze, unfreeze or cancel")
}
