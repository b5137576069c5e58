"""What data sets of SMPL bodies hold: AMASS and HumanML3D."""
