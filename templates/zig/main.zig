const std = @import("std");

pub fn greeting() []const u8 {
    return "Hello, @NAME@!";
}

pub fn main() void {
    std.debug.print("{s}\n", .{greeting()});
}

test "greets" {
    try std.testing.expect(std.mem.startsWith(u8, greeting(), "Hello"));
}
