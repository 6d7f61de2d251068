package demo

import (
	"context"
	"fmt"
	"time"

	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
)

// publish gives the public site something to show: rules in force and an announcement,
// each proposed by one and consented to by others, as anywhere.
func (t *tree) publish(ctx context.Context) error {
	as := func(role string) context.Context {
		return pki.WithActor(ctx, pki.Actor{Name: "centre." + role, Roles: []string{role}})
	}
	rules, err := t.ra.ProposePolicy(as(officer.System), ra.Policy{Kind: ra.PracticeStatement, OID: "2.999.1.1", Edition: "1.0", Title: "示例省电子认证业务规则",
		Begins: t.now().Add(-time.Hour), Content: []byte(practice)})
	if err := t.agree(as, rules, err, officer.Security, officer.Audit); err != nil {
		return fmt.Errorf("publishing rules: %w", err)
	}
	notice, err := t.ra.Announce(as(officer.System), ra.Announcement{TitleZH: "演示环境使用说明", TitleEN: "About this demonstration", Begins: t.now().Add(-time.Minute),
		TextZH: "这是一个演示环境：所有人员、单位和密钥都是虚构的，证书不可用于真实业务。\n\n各角色的证书在演示目录的 identities 文件夹中。",
		TextEN: "This is a demonstration: all people, units and keys are invented, and its certificates are good for nothing real.\n\nThe certificates of each role lie in the folder identities of the demonstration."})
	if err := t.agree(as, notice, err, officer.Security); err != nil {
		return fmt.Errorf("publishing an announcement: %w", err)
	}
	return nil
}

// practice is the text of the demonstration's rules.
const practice = `示例省电子认证业务规则（演示）

第一条 本规则说明演示环境如何签发和管理证书，仅供演示，不具有任何效力。
第二条 证书按个人、机构、设备和代码签名四类签发，登记与审核由不同的人办理。
第三条 挂失立即生效；注销后不能恢复。
第四条 加密密钥由密钥管理中心托管，签名密钥由持有者自行保管。
`

// agree has others consent to what one proposed.
func (t *tree) agree(as func(role string) context.Context, m *ra.Motion, err error, roles ...string) error {
	for _, role := range roles {
		if err != nil {
			return err
		}
		m, err = t.ra.DecideMotion(as(role), m.ID, ra.MotionDecision{Decision: ra.Decision{Version: m.Version}, Consent: true})
	}
	return err
}
