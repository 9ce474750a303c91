// Nothing of its own: the headers that nearly every test of the service takes in are compiled with it, once for all of them (CMakeLists.txt).
