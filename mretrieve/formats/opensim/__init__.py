"""Joint angles of OpenSim, on the joints of the model that lies beside them."""
