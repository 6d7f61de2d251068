package main

// What the registration says when it refuses, in Chinese; read only.
var chineseRARefusals = table{
	"error.identity.ra":        "此身份没有注册机构",
	"error.identity.ra.remedy": "先在那里注册：“onecert ra join --ra 地址 --code-file 文件”",
	"error.identity.ca":        "此身份没有 CA",
	"error.identity.ca.remedy": "注册机构的操作人员在注册机构办理：“onecert ra”；CA 的操作人员用“onecert officer enrol”注册",
}
