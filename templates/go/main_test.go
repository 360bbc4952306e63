package main

import "testing"

func TestGreet(t *testing.T) {
	if got, want := greet("Ada"), "Hello, Ada!"; got != want {
		t.Errorf("greet(%q) = %q, want %q", "Ada", got, want)
	}
}
