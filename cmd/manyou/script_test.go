package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"manyou/cmd/manyou/backend"
	"manyou/cmd/manyou/config"
	"manyou/federation/identity"
	"manyou/idp"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"manyou": main})
}

// TestTheCommandLine runs the scripts of testdata/script, each in a folder of its own, with the real binary.
func TestTheCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"occupy":   occupy,
			"freeport": freePort,
			"waitfile": waitFile,
			"mode":     mode,
			"answers":  answers,
			"people":   people,
			"imported": imported,
			"shows":    shows,
		},
	})
}

// shows PATTERN COMMAND... runs a command again and again until it prints what matches.
func shows(ts *testscript.TestScript, _ bool, args []string) {
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for range 600 {
		if err := ts.Exec(args[1], args[2:]...); err == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("%s never printed %s", strings.Join(args[1:], " "), args[0])
}

// occupy NAME listens on a port of 127.0.0.1 until the script ends, and puts its number into $NAME.
func occupy(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], port(l))
}

// runs are the runs of ports that scripts have: they go on side by side, and a port that is free may be another's in a moment.
var runs struct {
	sync.Mutex
	taken map[int]bool
}

// freeport NAME puts a number into $NAME such that all the ports that a demo would take from there are free.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	const lowest, highest, length = 10240, 32000, 400 // the kernel gives out the ports from 32768 on, to anybody
	runs.Lock()
	defer runs.Unlock()
	if runs.taken == nil {
		runs.taken = map[int]bool{}
	}
	for range 1000 {
		base := lowest + rand.N((highest-lowest)/length)*length
		free := !runs.taken[base]
		for _, offset := range []int{0, 33, 51, 100, 133, 151, 233, 333} {
			l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+offset)))
			if err != nil {
				free = false
				break
			}
			l.Close()
		}
		if free {
			runs.taken[base] = true
			ts.Setenv(args[0], strconv.Itoa(base))
			return
		}
	}
	ts.Fatalf("no run of free ports")
}

func port(l net.Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }

// waitfile FILE waits until the file exists.
func waitFile(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	for range 1200 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s did not appear", filepath.Base(path))
}

// answers URL waits until a server answers there with 200.
func answers(ts *testscript.TestScript, _ bool, args []string) {
	client := &http.Client{Timeout: 5 * time.Second}
	for range 1200 {
		if resp, err := client.Get(args[0]); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s does not answer", args[0])
}

// people FILE N writes a register of that many invented people.
func people(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var b strings.Builder
	b.WriteString("name,document_kind,document_number,phone,region,status\n")
	day := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		body := "330000" + day.AddDate(0, 0, i/900).Format("20060102") + fmt.Sprintf("%03d", i%900+1)
		check, _ := identity.ResidentIDCheck(body)
		fmt.Fprintf(&b, "虚构,resident_id,%s%c,,33,valid\n", body, check)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

// imported N waits until at least that many people are in the register of $MANYOU_CONFIG.
func imported(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	c, err := config.Load(ts.MkAbs(ts.Getenv("MANYOU_CONFIG")), ts.Getenv)
	ts.Check(err)
	secrets, err := c.Secrets(ts.Getenv)
	ts.Check(err)
	store, _, err := backend.Open(context.Background(), c.Database.URL, secrets.RootKey)
	ts.Check(err)
	defer store.Close()
	for range 6000 {
		if n, err := store.RegisterCount(context.Background()); err == nil && n >= want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("fewer than %d people", want)
}

// mode FILE OCTAL checks who may read a file.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[1] {
		ts.Fatalf("%s has mode %s, not %s", args[0], got, args[1])
	}
}

func TestTheDefaultsOfTheFileAreThoseOfTheIssuer(t *testing.T) {
	if got := idp.Limits(config.Default().Attempts); got != idp.DefaultLimits() {
		t.Errorf("attempts: %+v, the issuer's own are %+v", got, idp.DefaultLimits())
	}
}
