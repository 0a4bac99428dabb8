package main

import (
	"fmt"
	"io"
	"slices"
)

// spread is the middle of some figures, with the least and the greatest: machines are noisy.
type spread struct{ least, median, most float64 }

func spreadOf(samples []sample, figure func(n int, s sample) float64) spread {
	values := make([]float64, len(samples))
	for n, s := range samples {
		values[n] = figure(n, s)
	}
	slices.Sort(values)
	middle := values[len(values)/2]
	if len(values)%2 == 0 {
		middle = (middle + values[len(values)/2-1]) / 2
	}
	return spread{values[0], middle, values[len(values)-1]}
}

// limitOf is the sum of the limit's parts in a round, in CPU-seconds per 1,000.
func (r *result) limitOf(round int) (sum float64) {
	for p, part := range limitParts {
		sum += part.times * r.Limit[p].Samples[round].perThousand()
	}
	return sum
}

// callsPer are the calls of a kind for one operation, in all rounds.
func (r row) callsPer(kind string) float64 {
	var calls, operations int64
	for _, s := range r.Samples {
		operations += s.Operations
		for call, n := range s.Calls {
			if kind == "" || kindOf(call) == kind {
				calls += n
			}
		}
	}
	return float64(calls) / float64(operations)
}

func rate(_ int, s sample) float64     { return float64(s.Operations) / s.Seconds }
func issuer(_ int, s sample) float64   { return s.Issuer / float64(s.Operations) * 1000 }
func postgres(_ int, s sample) float64 { return s.Postgres / float64(s.Operations) * 1000 }
func both(_ int, s sample) float64     { return s.perThousand() }

// writeTable writes the table of a backend.
func writeTable(w io.Writer, o options, r *result) {
	fmt.Fprintf(w, "\n%s, %d at once, %d citizens; medians of %d rounds of %v\n\n", r.Backend, o.workers, o.citizens, o.rounds, o.duration)
	const head, line = "%-22s %9s %8s %9s %8s  %-15s %8s %8s %8s  %-15s %8s\n", "%-22s %9.0f %8.3f %9.3f %8.3f  %-15s %8.2f %8.2f %8.2f  %-15s %8.2f %s\n"
	fmt.Fprintf(w, "%-22s %9s  %-43s %8s %8s  %24s %8s\n", "", "", "CPU-seconds per 1,000", "storage", "durable", "× sum of limit's parts", "× limit")
	fmt.Fprintf(w, head, "operation", "a second", "issuer", "Postgres", "both", "least – most", "calls", "writes", "median", "least – most", "together")
	last := len(limitParts)
	for _, row := range r.Operations {
		sum := spreadOf(row.Samples, both)
		parts := spreadOf(row.Samples, func(n int, s sample) float64 { return s.perThousand() / r.limitOf(n) })
		together := spreadOf(row.Samples, func(n int, s sample) float64 { return s.perThousand() / r.Limit[last].Samples[n].perThousand() })
		fmt.Fprintf(w, line, row.Name, spreadOf(row.Samples, rate).median, spreadOf(row.Samples, issuer).median,
			spreadOf(row.Samples, postgres).median, sum.median, sum.reach("%.3f"), row.callsPer(""), row.callsPer(durable),
			parts.median, parts.reach("%.2f"), together.median, row.Aim)
	}
	fmt.Fprintln(w, "\nthe limit of a hop")
	const part = "%-22s %9.0f %8.3f %9.3f %8.3f  %s\n"
	for p, row := range r.Limit {
		name, times := row.Name, 1.0
		if p < last {
			times = limitParts[p].times
			name = fmt.Sprintf("%.0f × %s", times, name)
		} else {
			sum := spreadOf(row.Samples, func(n int, _ sample) float64 { return r.limitOf(n) })
			fmt.Fprintf(w, "%-22s %9s %8s %9s %8.3f  %s\n", "sum of the parts", "", "", "", sum.median, sum.reach("%.3f"))
		}
		of := func(figure func(int, sample) float64) spread {
			return spreadOf(row.Samples, func(n int, s sample) float64 { return times * figure(n, s) })
		}
		fmt.Fprintf(w, part, name, spreadOf(row.Samples, rate).median, of(issuer).median, of(postgres).median, of(both).median, of(both).reach("%.3f"))
	}
	fmt.Fprintf(w, "\nmemory of the issuer: %.1f MB idle, %.1f MB after the run; its Go heap %.1f and %.1f MB\n",
		mb(float64(r.Before.Resident)), mb(float64(r.After.Resident)), mb(float64(r.Before.Heap)), mb(float64(r.After.Heap)))
}

// reach shows the least and the greatest figure.
func (s spread) reach(format string) string {
	return fmt.Sprintf("("+format+" – "+format+")", s.least, s.most)
}

func mb(bytes float64) float64 { return bytes / (1 << 20) }
