package greeting;

/** Says hello. */
public final class Greeting {
    private Greeting() {}

    /** The greeting for somebody called {@code name}. */
    public static String greet(String name) {
        return "Hello, " + name + "!";
    }
}
