"""glTF 2.0 and what is built on it: GLB, VRM and VRMA."""
