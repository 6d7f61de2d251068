package forward

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestEarlyAnswer: a refusal reaches the client while it still sends.
func TestEarlyAnswer(t *testing.T) {
	back := site(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		io.WriteString(w, "too much")
	})
	d := newDoor(t, Config{}, back.URL)
	for range 5 {
		c, err := net.Dial("tcp", d.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"+strings.Repeat("x", 1000))
		// The client sends nothing more and keeps its side open.
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(answer.Body); answer.StatusCode != 413 || string(body) != "too much" || err != nil || !answer.Close {
			t.Error(answer.StatusCode, string(body), err, answer.Close)
		}
		c.Close()
	}
}

// TestBothWays: an answer may run beside its request, over both protocols of clients.
func TestBothWays(t *testing.T) {
	back := site(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		in := bufio.NewReader(r.Body)
		w.WriteHeader(200)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			io.WriteString(w, "you said "+line)
			w.(http.Flusher).Flush()
		}
	})
	for _, h2 := range []bool{false, true} {
		d := newUnstarted(t, Config{}, back.URL)
		d.EnableHTTP2 = h2
		d.StartTLS()
		body, write := io.Pipe()
		request, _ := http.NewRequest("POST", d.URL, body)
		go io.WriteString(write, "0\n")
		answer, err := d.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(answer.Body)
		for i := range 5 {
			if line, err := in.ReadString('\n'); err != nil || line != fmt.Sprintf("you said %d\n", i) {
				t.Fatal(line, err)
			}
			fmt.Fprintf(write, "%d\n", i+1)
		}
		in.ReadString('\n')
		write.Close()
		if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
			t.Errorf("%q %v", rest, err)
		}
		answer.Body.Close()
		if res := d.result(t, 1); res.Err != "" || res.Received != 12 {
			t.Errorf("%+v", res)
		}
	}
}

// TestClientDiesInUpload: the back end sees a broken body, not a shorter one.
func TestClientDiesInUpload(t *testing.T) {
	for _, framing := range []string{"Content-Length: 1000000\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "Content-Length: 1000\r\n\r\nabc"} {
		ended := make(chan error, 1)
		back := site(t, func(w http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			ended <- err
		})
		d := newDoor(t, Config{}, back.URL)
		c, err := net.Dial("tcp", d.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\n"+framing)
		time.Sleep(50 * time.Millisecond)
		c.Close()
		small := strings.Contains(framing, "1000\r")
		if !small { // a small body never reaches a back end unless it is whole
			if err := <-ended; err == nil {
				t.Errorf("%q: the back end took it for whole", framing)
			}
		}
		if res := d.result(t, 1); res.Err != ClientBody && res.Err != ClientGone || (res.Backend == "") != small {
			t.Errorf("%q: %+v", framing, res)
		}
		if h := d.pool.Health()[0]; h.Failures != 0 || h.Idle != 0 {
			t.Errorf("%+v", h)
		}
	}
}

// TestExpect: the client's question is the back end's to answer.
func TestExpect(t *testing.T) {
	back := site(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err)
	})
	d := newDoor(t, Config{}, back.URL)
	for _, n := range []int{5, 100_000} {
		c, _ := net.Dial("tcp", d.Listener.Addr().String())
		c.SetDeadline(time.Now().Add(5 * time.Second))
		in := bufio.NewReader(c)
		fmt.Fprintf(c, "POST /yes HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", n)
		if line, err := in.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatal(line, err)
		}
		in.ReadString('\n')
		io.WriteString(c, strings.Repeat("x", n))
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(answer.Body); string(body) != fmt.Sprint(n, nil) {
			t.Errorf("%q", body)
		}
		fmt.Fprintf(c, "POST /no HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", n)
		if answer, err = http.ReadResponse(in, nil); err != nil || answer.StatusCode != 403 || !answer.Close {
			t.Error(answer, err)
		}
		c.Close()
	}
	// A back end that does not know the question gets the body after a moment.
	deaf := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		readHead(in)
		io.ReadFull(in, make([]byte, 3))
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	d = newDoor(t, Config{}, deaf)
	request, _ := http.NewRequest("POST", d.URL, strings.NewReader("abc"))
	request.Header.Set("Expect", "100-continue")
	if answer, err := d.Client().Do(request); err != nil || answer.StatusCode != 200 {
		t.Error(answer, err)
	} else {
		answer.Body.Close()
	}
}

// TestSlowUpload: the time for the answer begins when the request is whole.
func TestSlowUpload(t *testing.T) {
	back := site(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err)
	})
	d := newDoor(t, Config{Limits: Limits{Header: "100ms"}}, back.URL)
	body, write := io.Pipe()
	go func() {
		for range 5 {
			time.Sleep(60 * time.Millisecond)
			write.Write([]byte("x"))
		}
		write.Close()
	}()
	answer, err := d.Client().Post(d.URL, "text/plain", body)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); string(text) != "5 <nil>" {
		t.Errorf("%q", text)
	}
}

// TestDeafBackEnd: one that takes nothing of a large body does not hold us for ever.
func TestDeafBackEnd(t *testing.T) {
	back := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		readHead(in)
		time.Sleep(time.Second)
	})
	d := newDoor(t, Config{Limits: Limits{Idle: "100ms", Header: "100ms"}}, back)
	start := time.Now()
	answer, err := d.Client().Post(d.URL, "text/plain", io.LimitReader(endless{}, 1<<30))
	if err == nil {
		answer.Body.Close()
	}
	if res := d.result(t, 1); res.Err != Silent && res.Err != Broken || time.Since(start) > 3*time.Second {
		t.Errorf("%+v", res)
	}
}

var errTest = errors.New("test")

func TestEditRefuses(t *testing.T) {
	d := newDoor(t, Config{}, "http://127.0.0.1:1")
	d.out.Edit = func(*http.Request) error { return errTest }
	get(t, d.Client(), d.URL)
	if res := d.result(t, 1); res.Err != Refused || !errors.Is(res.Cause, errTest) || res.Backend != "" {
		t.Errorf("%+v", res)
	}
}
