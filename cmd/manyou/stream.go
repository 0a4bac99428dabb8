package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"manyou/storage"
)

type streamCommand struct {
	List   streamList   `cmd:"" help:"List who is told what happens to people, and how far each has heard."`
	Repeat streamRepeat `cmd:"" help:"Tell one of them again all that happened since a moment."`
}

type streamList struct{ configFlag }

// Run lists the streams by client.
func (c *streamList) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		all, err := o.store.ListStreams(ctx)
		if err != nil {
			return err
		}
		out := table{head: []string{"CLIENT ID", "DELIVERY", "STATUS", "UNHEARD", "SINCE", "GIVEN UP"}}
		for _, s := range all {
			issuer, err := o.linksOf(ctx, s.ClientID)
			if err != nil {
				return err
			}
			u, err := o.store.Unheard(ctx, s, issuer)
			if err != nil {
				return err
			}
			since := "-"
			if !u.Oldest.IsZero() {
				since = u.Oldest.Local().Format(time.DateTime)
			}
			out.add(s.ClientID, s.Method, string(s.Status), strconv.FormatInt(u.Signals, 10), since, strconv.FormatInt(u.Lost, 10))
		}
		return out.write(t.out)
	})
}

// linksOf is the issuer of links that a client is told of: itself, or the one that its region has here; nobody has a link of one that is none.
func (o *opened) linksOf(ctx context.Context, clientID string) (string, error) {
	app, err := o.store.Application(ctx, clientID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !app.Issuer {
		return clientID, nil // known by its chain, or no issuer
	} else if err != nil {
		return "", err
	}
	list, err := o.store.ListUpstreams(ctx)
	if err != nil {
		return "", err
	}
	for _, u := range list {
		if u.Region == app.Region {
			return u.Issuer, nil
		}
	}
	return clientID, nil
}

// sinceFlag is a moment that has passed.
type sinceFlag struct {
	Since string `required:"" placeholder:"TIME" help:"From when on, as 2026-11-20 or 2026-11-20T08:00:00+08:00."`
}

func (f sinceFlag) moment(now time.Time) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, f.Since)
	if err != nil {
		at, err = time.ParseInLocation(time.DateOnly, f.Since, now.Location())
	}
	if err != nil {
		return at, usagef("since %.40q: is no time such as 2026-11-20 or 2026-11-20T08:00:00+08:00", f.Since)
	}
	if at.After(now) {
		return at, usagef("since %s: has not come yet", f.Since)
	}
	return at, nil
}

type streamRepeat struct {
	configFlag
	sinceFlag
	ClientID string `arg:"" help:"Whom to tell: an application, or the issuer of a province."`
}

// Run sets a stream back. Who has heard a signal before knows its identifier, and does nothing again.
func (c *streamRepeat) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		now := time.Now()
		since, err := c.moment(now)
		if err != nil {
			return err
		}
		if err := o.store.RepeatStream(ctx, c.ClientID, since, now); errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("%s has no stream: manyou stream list says who has", c.ClientID)
		} else if errors.Is(err, storage.ErrConflict) {
			return fmt.Errorf("%s has disabled its stream, and hears nothing of what happened before it enables it: repeat it then", c.ClientID)
		} else if err != nil {
			return err
		}
		if err := o.record(ctx, "stream.repeat", map[string]string{"client_id": c.ClientID, "since": since.UTC().Format(time.RFC3339)}); err != nil {
			return err
		}
		s, err := o.store.Stream(ctx, c.ClientID)
		if err != nil {
			return err
		}
		issuer, err := o.linksOf(ctx, c.ClientID)
		if err != nil {
			return err
		}
		u, err := o.store.Unheard(ctx, s, issuer)
		if err != nil {
			return err
		}
		when := "by any node that runs"
		if s.Method == "poll" {
			when = "when it asks"
		}
		if s.Status != storage.StreamEnabled {
			when = fmt.Sprintf("when it enables its stream, which is %s", s.Status)
		}
		return facts{
			{"client_id", c.ClientID}, {"since", since.Format(time.RFC3339)}, {"to tell", strconv.FormatInt(u.Signals, 10)}, {"told", when},
		}.write(t.out)
	})
}
