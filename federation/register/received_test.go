package register

import (
	"reflect"
	"testing"

	"manyou/federation/identity"
	"manyou/storage"
)

func TestARowKeepsTheFormInWhichItsNameWasReceived(t *testing.T) {
	m := newMemory()
	importAll(t, m, head+
		"古丽娜尔•艾尼瓦尔,resident_id,"+resident(1)+",,33,valid\n"+
		"刘\ue863,resident_id,"+resident(2)+",,33,valid\n"+
		"刘　\ue863,resident_id,"+resident(2)+",,33,valid\n", Options{})
	for n, want := range map[int]storage.RegisterEntry{
		1: {Name: "古丽娜尔·艾尼瓦尔", Received: &storage.ReceivedName{Form: "古丽娜尔•艾尼瓦尔", Mapping: identity.NameMappingVersion, Source: "register"}},
		2: {Name: "刘\ue863"}, // as it is stored; what only repeats it is passed over
	} {
		e := m.entries[storage.Document{Kind: "resident_id", Number: resident(n)}]
		if e.Name != want.Name || !reflect.DeepEqual(e.Received, want.Received) {
			t.Errorf("%+q, %+v", e.Name, e.Received)
		}
		v, err := NewTable(m).Verify(t.Context(), claim(t, want.Name, identity.ResidentID, resident(n), ""))
		if err != nil || v.Name != want.Name || !reflect.DeepEqual(v.Received, want.Received) {
			t.Errorf("%+q, %+v, %v", v.Name, v.Received, err)
		}
	}
}
