const std = @import("std");

fn greet(writer: *std.Io.Writer, name: []const u8) !void {
    try writer.print("Hello, {s}!\n", .{name});
}

pub fn main() !void {
    var buffer: [256]u8 = undefined;
    var stdout = std.fs.File.stdout().writer(&buffer);
    try greet(&stdout.interface, "@NAME@");
    try stdout.interface.flush();
}

test "greets by name" {
    var buffer: [32]u8 = undefined;
    var writer: std.Io.Writer = .fixed(&buffer);
    try greet(&writer, "Ada");
    try std.testing.expectEqualStrings("Hello, Ada!\n", writer.buffered());
}
