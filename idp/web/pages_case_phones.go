package web

import (
	"slices"

	"manyou/federation/correction"
)

// PhoneElsewhere stands for the number of a complaint, in the place of a credential: the person enrolled it at another issuer alone.
const PhoneElsewhere = "elsewhere"

// Phones are the numbers by which the person signs in, with the one of the complaint.
func (p *CasePage) Phones() (list []CaseCredential) {
	elsewhere := p.Complaint.Attribute == correction.AttributePhone && p.Complaint.Expected != "" && slices.ContainsFunc(p.Sources, func(s CaseSource) bool {
		return slices.ContainsFunc(s.Said, func(said CaseSaid) bool { return said.Key == correction.SaidPhoneProven })
	})
	if first := p.FirstPerson(); first != nil {
		for _, c := range first.Credentials {
			if c.Method == "sms" {
				list = append(list, c)
				elsewhere = elsewhere && c.Label != p.Complaint.Expected
			}
		}
	}
	if elsewhere {
		list = append(list, CaseCredential{ID: PhoneElsewhere, Method: "sms", Label: p.Complaint.Expected})
	}
	return list
}
