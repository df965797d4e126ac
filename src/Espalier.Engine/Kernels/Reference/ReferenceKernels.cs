namespace Espalier.Engine.Kernels.Reference;

/// <summary>
/// The definition of every kernel: plain loops on one thread, sums and functions in double precision, one rounding to
/// single precision where a result is stored. Read these to learn what a kernel does; the fast ones are tested against them.
/// </summary>
internal sealed unsafe partial class ReferenceKernels : IKernels
{
}
