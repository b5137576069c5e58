"""Kernels on torch tensors, the same code on the CPU and on CUDA: exact search, clusters, warping.

Nothing here is imported until a device is asked for. Functions compute on the device of the tensors they are given.
Two kernels are in Triton as well, which CUDA installations of torch bring; without it plain torch is used.
"""
