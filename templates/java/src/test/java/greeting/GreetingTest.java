package greeting;

/** Run by {@code make test}, with assertions enabled. */
public final class GreetingTest {
    private GreetingTest() {}

    public static void main(String[] arguments) {
        assert Greeting.greet("Ada").equals("Hello, Ada!") : Greeting.greet("Ada");
        System.out.println("1 test passed");
    }
}
