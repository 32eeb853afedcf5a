// A link test: the program links the component whole, and needs no more than that to pass.
int main() { return 0; }
