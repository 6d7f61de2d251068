package db

import (
	"context"
	"database/sql/driver"
	"strconv"
	"strings"
)

// maxKept bounds the statements a connection keeps; rooms have far fewer, except
// for lists of changing length.
const maxKept = 256

// keeping makes SQLite connections that keep their statements: the driver parses
// each text anew, which for an insert of 32 rows costs more than carrying it out.
// pgx keeps its statements itself. It also takes what Send hands in.
type keeping struct{ driver.Connector }

// sqliteConn is what the driver's connections can do and database/sql asks for.
type sqliteConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// sqliteStmt is what its statements can do.
type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if able, ok := conn.(sqliteConn); ok {
		return &keepingConn{sqliteConn: able, kept: map[string]*keptStmt{}}, nil
	}
	return conn, nil
}

// keepingConn is used by one goroutine at a time, as database/sql promises.
type keepingConn struct {
	sqliteConn
	kept map[string]*keptStmt
}

type keptStmt struct {
	sqliteStmt
	busy bool // its rows are still being read
}

// CheckNamedValue lets what Send and Exists hand in through.
func (c *keepingConn) CheckNamedValue(value *driver.NamedValue) error {
	switch value.Value.(type) {
	case statements, probes:
		return nil
	}
	return driver.ErrSkip // database/sql converts it as usual
}

func (c *keepingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if sent, ours := sentOf(args); ours {
		return driver.ResultNoRows, c.send(ctx, sent)
	}
	s, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, text, args)
	}
	return s.ExecContext(ctx, args)
}

func (c *keepingConn) send(ctx context.Context, all statements) error {
	for _, s := range all {
		if s.rows != nil {
			if err := c.insert(ctx, s.rows); err != nil {
				return s.failed(err)
			}
			continue
		}
		args := make([]driver.NamedValue, len(s.args))
		if err := convert(args, s.args); err != nil {
			return err
		}
		if _, err := c.ExecContext(ctx, s.text, args); err != nil {
			return err
		}
	}
	return nil
}

// insert carries a kept statement out for each row: many rows in one statement
// are no faster, and each number of rows would be a statement of its own.
func (c *keepingConn) insert(ctx context.Context, r *rowset) error {
	s, err := c.statement(ctx, r.text())
	if err != nil {
		return err
	}
	args := make([]driver.NamedValue, len(r.columns))
	for _, row := range r.rows {
		if err := convert(args, row); err != nil {
			return err
		}
		if _, err := s.ExecContext(ctx, args); err != nil {
			return err
		}
	}
	return nil
}

// convert makes arguments a driver takes.
func convert(args []driver.NamedValue, values []any) (err error) {
	for i, value := range values {
		args[i].Ordinal = i + 1
		if args[i].Value, err = driver.DefaultParameterConverter.ConvertValue(value); err != nil {
			return err
		}
	}
	return nil
}

func (c *keepingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if all, ours := probesOf(args); ours {
		return c.probe(ctx, all)
	}
	s, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.QueryContext(ctx, text, args)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &keptRows{rows, s}, nil
}

// keptRows frees its statement for the next use.
type keptRows struct {
	driver.Rows
	of *keptStmt
}

func (r *keptRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}

// statement returns the kept statement of a text, nil for one that is not kept.
func (c *keepingConn) statement(ctx context.Context, text string) (*keptStmt, error) {
	if s := c.kept[text]; s != nil {
		if s.busy {
			return nil, nil
		}
		return s, nil
	}
	if !worthKeeping(text) {
		return nil, nil
	}
	made, err := c.sqliteConn.PrepareContext(ctx, positional(text))
	if err != nil {
		return nil, err
	}
	able, ok := made.(sqliteStmt)
	if !ok {
		return nil, made.Close()
	}
	if len(c.kept) >= maxKept {
		c.forget()
	}
	s := &keptStmt{sqliteStmt: able}
	c.kept[text] = s
	return s, nil
}

// positional writes ? for $1, $2, … where they stand in order, once each: to SQLite
// those are names, which the driver looks up at every call.
func positional(text string) string {
	parts := strings.Split(text, "$")
	for i, part := range parts[1:] {
		rest, ok := strings.CutPrefix(part, strconv.Itoa(i+1))
		if !ok || rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return text
		}
		parts[i+1] = rest
	}
	return strings.Join(parts, "?")
}

// worthKeeping leaves out scripts, schema changes, and what governs transactions.
func worthKeeping(text string) bool {
	if strings.Contains(text, ";") {
		return false
	}
	verb, _, _ := strings.Cut(text, " ")
	switch verb {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		return true
	}
	return false
}

func (c *keepingConn) forget() {
	for text, s := range c.kept {
		if !s.busy {
			s.Close()
			delete(c.kept, text)
		}
	}
}

func (c *keepingConn) Close() error {
	for _, s := range c.kept {
		s.Close()
	}
	return c.sqliteConn.Close()
}
