# frozen_string_literal: true

# Says hello.
module Greeting
  # The greeting for somebody called `name`.
  def self.greet(name)
    "Hello, #{name}!"
  end
end
