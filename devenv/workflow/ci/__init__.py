"""`devenv ci`: a run on a build machine in stages (`run`), and what each of them needs."""
