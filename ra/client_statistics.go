package ra

import (
	"context"
	"io"
	"net/url"

	"onecert/serve"
)

func (q StatisticsQuery) values() url.Values {
	v := url.Values{}
	set(v, "node", q.Node)
	set(v, "from", q.From)
	set(v, "to", q.To)
	for _, by := range q.By {
		v.Add("by", string(by))
	}
	return v
}

// Statistics is Registration.Statistics.
func (c *Client) Statistics(ctx context.Context, q StatisticsQuery) (*Statistics, error) {
	return get[*Statistics](ctx, c, pathStatistics+"?"+q.values().Encode())
}

// mostStatistics is how large a file of figures may be.
const mostStatistics = 64 << 20

// StatisticsFile is Registration.StatisticsFile.
func (c *Client) StatisticsFile(ctx context.Context, q StatisticsQuery, format, language string) ([]byte, error) {
	v := q.values()
	set(v, "format", format)
	set(v, "language", language)
	body, err := serve.Octets(ctx, c.c, pathStatistics+"/file?"+v.Encode())
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, mostStatistics))
}
