package greeting;

/** Greets whoever the command line names. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.out.println(Greeting.greet(arguments.length > 0 ? arguments[0] : "@NAME@"));
    }
}
