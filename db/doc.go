// Package db opens a room's database, migrates it and runs its transactions, on
// SQLite (embedded, the default) and on PostgreSQL, with one SQL text for both.
//
// It owns connections, dialect differences, many-row inserts, group commit and the
// single-writer lease. It knows no table: a room's SQL stands in that room's
// store.go, its migrations in its migrations folder.
package db
