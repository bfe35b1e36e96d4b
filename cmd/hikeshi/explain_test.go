package main

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"hikeshi/bitbank"
)

func TestEveryCodeIsExplainedInBothLanguages(t *testing.T) {
	for _, info := range bitbank.Codes() {
		for _, lang := range []string{"ja", "en"} {
			var out, errs strings.Builder
			args := []string{"explain", strconv.Itoa(int(info.Code)), "--lang", lang}
			code := run(context.Background(), args, func(string) string { return "" }, &out, &errs)
			if code != exitDone || errs.Len() > 0 || strings.Contains(out.String(), "explain.") {
				t.Errorf("%v: exit %d\n%s%s", args, code, out.String(), errs.String())
			}
		}
	}
}

func TestMisuseEndsWithTwo(t *testing.T) {
	for _, args := range [][]string{{"nothing"}, {"explain"}, {"explain", "x"}, {"version", "--x"}, {"version", "x"}, {"--lang", "xx"}} {
		var out, errs strings.Builder
		if code := run(context.Background(), args, func(string) string { return "" }, &out, &errs); code != exitMisused {
			t.Errorf("%v: exit %d, want %d; %s", args, code, exitMisused, errs.String())
		}
	}
}
