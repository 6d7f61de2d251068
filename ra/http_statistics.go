package ra

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const pathStatistics = "/v1/statistics"

// statisticsFile is an answer that is no JSON.
type statisticsFile struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (r *Registration) statisticsRoutes(api huma.API) {
	huma.Register(api, describe("statistics", http.MethodGet, pathStatistics, "What happened, stands and ends in one's subtree, in figures"),
		func(ctx context.Context, in *StatisticsQuery) (*body[*Statistics], error) {
			return reply(r.Statistics(ctx, *in))
		})
	huma.Register(api, describe("statistics-file", http.MethodGet, pathStatistics+"/file", "The same as a spreadsheet"),
		func(ctx context.Context, in *struct {
			StatisticsQuery
			Format   string `query:"format" enum:"xlsx,csv" default:"xlsx"`
			Language string `query:"language" enum:"zh,en" default:"zh"`
		}) (*statisticsFile, error) {
			content, err := r.StatisticsFile(ctx, in.StatisticsQuery, in.Format, in.Language)
			if err != nil {
				return nil, err
			}
			kind := "text/csv; charset=utf-8"
			if in.Format == "xlsx" {
				kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
			}
			return &statisticsFile{kind, `attachment; filename="statistics.` + in.Format + `"`, content}, nil
		})
}
