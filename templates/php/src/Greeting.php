<?php

declare(strict_types=1);

namespace App;

/** Says hello. */
final class Greeting
{
    /** The greeting for somebody called $name. */
    public static function greet(string $name): string
    {
        return "Hello, {$name}!";
    }
}
