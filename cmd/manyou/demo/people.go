package demo

import (
	"manyou/federation/identity"
	"manyou/storage"
)

// The regions of the demo.
const (
	nation   = "00"
	zhejiang = "33"
	sichuan  = "51"
	hangzhou = "3301" // a city of Zhejiang: vouches for applications, and nobody signs in there
)

// names are how the regions' issuers and applications call themselves.
var (
	issuerNames = map[string]map[string]string{
		nation:   {"zh": "全国统一身份认证", "en": "National Identity"},
		zhejiang: {"zh": "浙江统一身份认证", "en": "Zhejiang Identity"},
		sichuan:  {"zh": "四川统一身份认证", "en": "Sichuan Identity"},
		hangzhou: {"zh": "杭州市", "en": "Hangzhou City"},
	}
	applicationNames = map[string]map[string]string{
		zhejiang: {"zh": "西湖畔办事", "en": "Lakeside Services"},
		sichuan:  {"zh": "锦江通办", "en": "Brocade River Services"},
		hangzhou: {"zh": "湖滨便民", "en": "Lakefront Citizen Services"},
	}
)

// Citizens returns the invented people. Their document numbers begin with province-level codes, under which none is
// issued, so that no real person has one; their phones are invented too.
func Citizens() []Citizen {
	return []Citizen{
		{"李娜", string(identity.ResidentID), "330000199005200026", "+8613800000331", zhejiang},
		{"龚䶮", string(identity.ResidentID), "33000019850314101X", "+8613800000332", zhejiang},
		{"SOPHIE MARTIN", string(identity.PermanentResidence), "93325019840811002X", "+8613800000333", zhejiang},
		{"王秀英", string(identity.ResidentID), "510000194107090041", "+8613800000511", sichuan},
		{"吉克·阿木", string(identity.ResidentID), "510000197808121035", "+8613800000512", sichuan},
		{"黄家辉", string(identity.ResidencePermit), "810000199204085029", "+8613800000513", sichuan},
	}
}

// people are the citizens and the staff.
func people() []Citizen {
	list := Citizens()
	for _, m := range Staff() {
		list = append(list, m.Citizen)
	}
	return list
}

// latin is how a name is read, for those who do not read Chinese.
var latin = map[string]string{
	"李娜": "Li Na", "龚䶮": "Gong Yan", "SOPHIE MARTIN": "Sophie Martin",
	"王秀英": "Wang Xiuying", "吉克·阿木": "Jike Amu", "黄家辉": "Wong Ka Fai",
	"周明远": "Zhou Mingyuan", "陈静怡": "Chen Jingyi", "郑立群": "Zheng Liqun", "沈书言": "Shen Shuyan",
}

// entries is what the register of a region knows: a province its own people, the nation everybody.
func entries(region string, citizens []Citizen) []storage.RegisterEntry {
	var list []storage.RegisterEntry
	for _, c := range citizens {
		if region != nation && region != c.HomeRegion {
			continue
		}
		list = append(list, storage.RegisterEntry{
			Document: storage.Document{Kind: c.DocumentKind, Number: c.DocumentNumber},
			Name:     c.Name, Phone: c.Phone, Region: c.HomeRegion, Status: storage.RegisterValid,
		})
	}
	return list
}
