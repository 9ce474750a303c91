// Nothing of its own: headers that many tests take in are compiled with it, once for all of them (CMakeLists.txt).
