package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ticks is USER_HZ, in which /proc counts the time of children; it is 100 on every architecture that Go runs on.
const ticks = 100

// processTime is the CPU time of a process with all its threads, those that ended included.
func processTime(pid int) (time.Duration, error) {
	// The clock of another process: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of the kernel, in nanoseconds, where
	// /proc/PID/stat rounds each process down to a hundredth of a second.
	const sched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &ts); err != nil { // as the kernel defines it
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// familyTime is the CPU time of a process and all its children: those alive, by their clocks, and those that ended.
func familyTime(pid int) (time.Duration, error) {
	total, err := processTime(pid)
	if err != nil {
		return 0, err
	}
	own, err := readStat(pid)
	if err != nil {
		return 0, err
	}
	total += own.reaped
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		s, err := readStat(child)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue // it ended since
		} else if err != nil {
			return 0, err
		}
		if s.parent != pid {
			continue
		}
		t, err := processTime(child)
		if err != nil {
			continue // it ended since, and counts from now on as reaped
		}
		total += t
	}
	return total, nil
}

// stat is what /proc/PID/stat says of a process; see proc_pid_stat(5).
type stat struct {
	parent int
	reaped time.Duration // CPU time of children that ended
}

func readStat(pid int) (stat, error) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat")) //nolint:gosec // a number
	if err != nil {
		return stat{}, err
	}
	// The second field is the command in brackets, which may hold spaces and brackets.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	const parent, user, system = 4 - 3, 16 - 3, 17 - 3 // counted from the third
	if len(fields) <= system {
		return stat{}, fmt.Errorf("/proc/%d/stat is not understood", pid)
	}
	var s stat
	if s.parent, err = strconv.Atoi(fields[parent]); err != nil {
		return stat{}, err
	}
	for _, f := range []int{user, system} {
		n, err := strconv.ParseInt(fields[f], 10, 64)
		if err != nil {
			return stat{}, err
		}
		s.reaped += time.Duration(n) * (time.Second / ticks)
	}
	return s, nil
}

// residentMemory is the part of a process that lies in memory, in bytes.
func residentMemory(pid int) (int64, error) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status says nothing of memory", pid)
}
