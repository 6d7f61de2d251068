package ra

import "onecert/ra/internal/sheet"

// statisticsColumns are those of the file of figures. In English its codes stand as they
// are, for programs; people read it in Chinese.
func statisticsColumns() []sheet.Column {
	return []sheet.Column{
		column("part", "部分", "part", coded("happened", "办理", "standing", "存量", "ending", "到期")...),
		column("node", "机构", "office"),
		column("name", "机构名称", "name"),
		column("region", "行政区划", "region"),
		column("period", "时间", "period"),
		column("operation", "业务", "operation", coded(string(Issue), "申请", string(Renew), "更新", string(Reissue), "补办", string(Modify), "变更",
			string(Revoke), "吊销", string(Freeze), "冻结", string(Unfreeze), "解冻", string(Cancel), "信息注销")...),
		column("kind", "证书类型", "kind", coded(string(Person), "个人", string(Organisation), "机构", string(Device), "设备", string(Code), "代码签名")...),
		column("event", "事项", "event", eventWords()...),
		column("times", "数量", "number"),
		column("waited", "平均等待（秒）", "mean wait (s)"),
	}
}

// eventWords are of what happened, and of how certificates and applications stand.
func eventWords() [][3]string {
	words := coded(registered, "录入", string(Edit), "修改", string(Submit), "提交", string(Return), "退回", string(Approve), "批准", string(Reject), "驳回",
		string(Withdraw), "撤回", askWithdraw, "请求撤回", string(Carry), "制证", string(Deliver), "交付", settled, "处理分歧", wentApart, "记录不一致", "ends", "到期",
		"certificate:valid", "证书：有效", "certificate:held", "证书：已冻结", "certificate:revoked", "证书：已吊销", "certificate:expired", "证书：已过期")
	for _, state := range stateWords() {
		words = append(words, [3]string{"in:" + state[0], "申请：" + state[1], "in:" + state[0]})
	}
	return words
}

// coded pairs codes with their Chinese words.
func coded(all ...string) (words [][3]string) {
	for i := 0; i+1 < len(all); i += 2 {
		words = append(words, [3]string{all[i], all[i+1], all[i]})
	}
	return words
}
