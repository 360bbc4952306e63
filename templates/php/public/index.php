<?php

declare(strict_types=1);

require __DIR__ . '/../vendor/autoload.php';

header('Content-Type: text/plain; charset=utf-8');
$name = $_GET['name'] ?? '@NAME@';
echo App\Greeting::greet(is_string($name) ? $name : '@NAME@'), "\n";
