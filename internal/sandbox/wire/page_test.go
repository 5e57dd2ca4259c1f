package wire_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

func TestPagesCoverEverythingOnce(t *testing.T) {
	items := []int{1, 2, 3, 4, 5, 6, 7}
	for size := 1; size <= 8; size++ {
		var got []int
		token := ""
		for {
			page, next, err := wire.Page(items, token, size, "InvalidToken")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page...)
			if token = next; token == "" {
				break
			}
		}
		expect.EqualIn(t, fmt.Sprintf("size %d", size), items, got)
	}
}

func TestPageRefusesForeignTokens(t *testing.T) {
	for _, token := range []string{"x", "!!", "MTA", "dGFnYm9hdC1zYW5kYm94Ly0x"} {
		_, _, err := wire.Page([]int{1}, token, 1, "InvalidNextToken")
		var e *wire.Error
		if !errors.As(err, &e) || e.Code != "InvalidNextToken" {
			t.Errorf("%q: got %v, want InvalidNextToken", token, err)
		}
	}
}

func TestPageAfterItemsWereDeletedIsEmpty(t *testing.T) {
	_, next, err := wire.Page([]int{1, 2, 3}, "", 2, "InvalidNextToken")
	if err != nil {
		t.Fatal(err)
	}
	page, next, err := wire.Page([]int{1}, next, 2, "InvalidNextToken")
	if err != nil || len(page) != 0 || next != "" {
		t.Errorf("got %v, %q, %v", page, next, err)
	}
}

func TestPageSize(t *testing.T) {
	tests := []struct {
		asked, want int
		ok          bool
	}{{0, 10, true}, {1, 1, true}, {100, 100, true}, {101, 0, false}, {-1, 0, false}}
	for _, tt := range tests {
		got, err := wire.PageSize(tt.asked, 10, 100, "ValidationException")
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("PageSize(%d) = %d, %v", tt.asked, got, err)
		}
	}
}
