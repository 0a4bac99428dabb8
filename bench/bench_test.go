package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"manyou/storage/storagetest"
)

// TestMain lets the test program be its own children, as the command is.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 {
		if role, ok := roles[os.Args[1]]; ok {
			if err := beChild(context.Background(), role); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		}
	}
	os.Exit(m.Run())
}

func TestTrustChainsAreMeasured(t *testing.T) {
	if err := measureTrust(t.Context(), 2, 5, 100, t.Output()); err != nil {
		t.Error(err)
	}
}

func TestHowACorrectionSpreadsIsMeasured(t *testing.T) {
	if err := measureSpread(t.Context(), 3, 2, 1, t.Output()); err != nil {
		t.Error(err)
	}
}

func TestHowACorrectionSpreadsFromANationThatIsKilledIsMeasured(t *testing.T) {
	if err := measureKilled(t.Context(), 2, 1, t.Output()); err != nil {
		t.Error(err)
	}
}

func TestEveryOperationIsMeasuredAndAnsweredRightly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.json")
	if err := run(t.Context(), []string{
		"-backend", "sqlite", "-duration", "100ms", "-rounds", "1", "-c", "2", "-citizens", "20", "-json", file, "-trust=false", "-spread=false", "-queue=0",
	}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Results) != 1 || len(d.Results[0].Operations) != len((&load{}).operations()) {
		t.Fatalf("not everything was measured: %s", b)
	}
	r := d.Results[0]
	for _, row := range append(r.Operations, r.Limit...) {
		if len(row.Samples) != 1 || row.Samples[0].Operations == 0 || row.Samples[0].Issuer <= 0 {
			t.Errorf("%s: %+v", row.Name, row.Samples)
		}
	}
	if hop := r.Operations[0]; hop.callsPer(durable) != 1 {
		t.Errorf("a roaming hop takes %v durable writes, want 1", hop.callsPer(durable))
	}
	if r.Before.Resident == 0 || r.After.Heap == 0 {
		t.Errorf("memory was not measured: %+v, %+v", r.Before, r.After)
	}
}

func TestUnknownFlagsAndOperationsAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"-only", "nothing"}, {"-backend", "oracle"}, {"-rounds", "0"}, {"-c", "-1"}, {"more"}, {"child:nobody"},
	} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
}

func TestAFamilysTimeIncludesChildrenAliveAndEnded(t *testing.T) {
	const burn = `i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done`
	for name, script := range map[string]string{
		// The shell gives what runs in the background no input; the other descriptor is taken before.
		"alive": `exec 3<&0; sh -c '` + burn + `; echo; read wait <&3' & wait`,
		"ended": `sh -c '` + burn + `'; echo; read wait`,
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := out.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			own, err := processTime(cmd.Process.Pid)
			if err != nil {
				t.Fatal(err)
			}
			family, err := familyTime(cmd.Process.Pid)
			if err != nil {
				t.Fatal(err)
			}
			if family < own+20*time.Millisecond {
				t.Errorf("family %v, the process itself %v", family, own)
			}
			_ = in.Close()
			_ = cmd.Wait()
		})
	}
}

func TestASpreadIsTheMiddleWithItsEnds(t *testing.T) {
	value := func(_ int, s sample) float64 { return s.Seconds }
	for _, c := range []struct {
		values []float64
		want   spread
	}{
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{3, 1}, spread{1, 2, 3}},
		{[]float64{5, 1, 2}, spread{1, 2, 5}},
	} {
		var samples []sample
		for _, v := range c.values {
			samples = append(samples, sample{Seconds: v})
		}
		if got := spreadOf(samples, value); got != c.want {
			t.Errorf("%v: got %v, want %v", c.values, got, c.want)
		}
	}
}

func TestTheQueueIsMeasured(t *testing.T) {
	database := storagetest.Postgres(t)
	process, err := strconv.Atoi(os.Getenv("MANYOU_TEST_POSTGRES_PID"))
	if err != nil {
		t.Fatal("MANYOU_TEST_POSTGRES_PID is not set; run with .ci/with-postgres")
	}
	var out strings.Builder
	if err := measureQueue(t.Context(), database, process, 3000, 20, true, &out); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	filing := regexp.MustCompile(`(?m)^filing a case.* (\d+) +(\d+) +(\d+)$`).FindStringSubmatch(out.String())
	if filing == nil || filing[2] != "1" {
		t.Errorf("filing a case takes not one transaction: %v", filing)
	}
}
