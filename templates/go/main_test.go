package main

import "testing"

func TestGreet(t *testing.T) {
	if got := greet("devenv"); got != "Hello, devenv!" {
		t.Errorf("got %q", got)
	}
}
