package db

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// gathering makes PostgreSQL connections that send several statements in one
// message, and rows to be inserted as one array a column: that text is the same for
// any number of rows, so it is planned once, and the server reads few long values
// instead of many short ones.
type gathering struct{ driver.Connector }

func (g gathering) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := g.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if able, ok := conn.(*stdlib.Conn); ok {
		return &gatheringConn{able}, nil
	}
	return conn, nil
}

type gatheringConn struct{ *stdlib.Conn }

func (c *gatheringConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	sent, ours := sentOf(args)
	if !ours {
		return c.Conn.ExecContext(ctx, text, args)
	}
	return driver.ResultNoRows, c.send(ctx, sent)
}

// send has one message for all statements and waits once for all their answers.
func (c *gatheringConn) send(ctx context.Context, all statements) error {
	var message pgx.Batch
	for _, s := range all {
		text, args := s.text, s.args
		if s.rows != nil {
			var err error
			if text, args, err = s.rows.gathered(); err != nil {
				return s.failed(err)
			}
		}
		message.Queue(text, args...)
	}
	answers := c.Conn.Conn().SendBatch(ctx, &message)
	for _, s := range all {
		if _, err := answers.Exec(); err != nil {
			answers.Close() // says the same again
			return s.failed(err)
		}
	}
	return answers.Close()
}

// gathered turns rows into "INSERT … SELECT … FROM unnest(arrays)". A column that
// holds nothing but NULL needs no array, nor its type.
func (r *rowset) gathered() (text string, args []any, err error) {
	var values, arrays, names strings.Builder
	for i, column := range r.columns {
		array, kind, err := r.gather(i)
		if err != nil {
			return "", nil, fmt.Errorf("column %s: %w", column, err)
		}
		if i > 0 {
			values.WriteString(", ")
		}
		if array == nil {
			values.WriteString("NULL")
			continue
		}
		if len(args) > 0 {
			arrays.WriteString(", ")
			names.WriteString(", ")
		}
		args = append(args, array)
		values.WriteString(column)
		names.WriteString(column)
		arrays.WriteByte('$')
		arrays.WriteString(strconv.Itoa(len(args)))
		arrays.WriteString(kind)
	}
	b := r.into()
	fmt.Fprintf(b, "SELECT %s FROM unnest(%s) AS given (%s)", values.String(), arrays.String(), names.String())
	return r.end(b), args, nil
}

// gather makes the array of one column, nil if all its values are.
func (r *rowset) gather(column int) (array any, kind string, err error) {
	for _, row := range r.rows {
		switch row[column].(type) {
		case nil:
			continue
		case string:
			array, err = arrayOf[string](r.rows, column)
			return array, "::text[]", err
		case []byte:
			array, err = arrayOf[[]byte](r.rows, column)
			return array, "::bytea[]", err
		case int, int64:
			array, err = arrayOf[int64](r.rows, column)
			return array, "::bigint[]", err
		case bool:
			array, err = arrayOf[bool](r.rows, column)
			return array, "::boolean[]", err
		}
		return nil, "", fmt.Errorf("values of type %T are not known", row[column])
	}
	return nil, "", nil
}

// arrayOf collects a column; pointers stand only where a NULL is among the values.
func arrayOf[T any](rows [][]any, column int) (any, error) {
	all, nulls := make([]T, len(rows)), false
	for i, row := range rows {
		switch value := row[column].(type) {
		case nil:
			nulls = true
		case T:
			all[i] = value
		case int:
			number, ok := any(int64(value)).(T)
			if !ok {
				return nil, fmt.Errorf("an int among values of type %T", all[i])
			}
			all[i] = number
		default:
			return nil, fmt.Errorf("a %T among values of type %T", value, all[i])
		}
	}
	if !nulls {
		return all, nil
	}
	pointers := make([]*T, len(rows))
	for i, row := range rows {
		if row[column] != nil {
			pointers[i] = &all[i]
		}
	}
	return pointers, nil
}
