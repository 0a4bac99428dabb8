package gallery

import "manyou/idp/web"

func consolePage() web.Page {
	const at = "/console/provinces"
	return &web.ConsolePage{
		Frame:  nav("provinces"),
		Action: at, Regions: provinces(34), Invited: "https://id.example/federation/join/pA0mB2-vQ7d1Yk3nXw8rZ5tUeGhJ4LfS#kq3Jt8rY2vB7nM1cXz5pLwEoUaQdGfHs",
		Provinces: []web.ConsoleProvince{
			{Region: "51", Name: "四川省统一身份认证", Issuer: "https://id.sc.example", State: "requested", Failed: true, Since: day(11, 22), URL: at + "/51"},
			{Region: "33", Name: "浙江省统一身份认证", Issuer: "https://id.zj.example", State: "active", Since: day(3, 1), URL: at + "/33"},
			{Region: "65", Name: "新疆维吾尔自治区统一身份认证", Issuer: "https://id.xj.example", State: "suspended", Since: day(11, 20), URL: at + "/65"},
			{Region: "44", Name: "广东省统一身份认证", State: "invited", Since: day(11, 23)},
		},
	}
}

func consoleProvince(state string, passed bool) web.Page {
	p := &web.ConsoleProvincePage{
		Frame:  nav("provinces"),
		Action: "/console/provinces/51", BackURL: "/console/provinces", Passed: passed, TriedAt: day(11, 22),
		Province:    web.ConsoleProvince{Region: "51", Name: "四川省统一身份认证", Issuer: "https://id.sc.example", State: state, Since: day(11, 22)},
		Thumbprints: []string{"kq3Jt8rY2vB7nM1cXz5pLwEoUaQdGfHsT9iR4yN6uV0"},
		Metadata:    [][2]string{{"authorization_endpoint", "https://id.sc.example/authorize"}, {"scopes_supported", "openid offline_access profile phone document"}},
	}
	if passed {
		p.Chain, p.ChainUntil = []string{"https://id.sc.example", "https://id.example"}, day(11, 23)
	} else {
		p.Unknown = "not trusted: https://id.sc.example names no superior that leads to an anchor"
	}
	for n, name := range web.ConsoleChecks() {
		c := web.ConsoleCheck{Name: name, Passed: passed || n < 6}
		if !c.Passed {
			c.Detail = "it answers 200"
		}
		p.Checks = append(p.Checks, c)
	}
	return p
}
