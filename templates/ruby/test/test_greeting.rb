# frozen_string_literal: true

require "minitest/autorun"
require "greeting"

class TestGreeting < Minitest::Test
  def test_greet
    assert_equal "Hello, Ada!", Greeting.greet("Ada")
  end
end
