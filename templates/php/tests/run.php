<?php

declare(strict_types=1);

require __DIR__ . '/../vendor/autoload.php';

$tests = [
    'greets by name' => fn () => App\Greeting::greet('Ada') === 'Hello, Ada!',
    'greets anybody' => fn () => App\Greeting::greet('日本') === 'Hello, 日本!',
];

$failed = array_filter($tests, fn (Closure $test) => !$test());
foreach (array_keys($failed) as $name) {
    fwrite(STDERR, "failed: {$name}\n");
}
printf("%d tests, %d failures\n", count($tests), count($failed));
exit($failed === [] ? 0 : 1);
