using Espalier.Engine.Kernels;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>One call of one kernel.</summary>
/// <param name="Kernel">The method of <see cref="IKernels"/>.</param>
/// <param name="Name">What is particular about the call.</param>
/// <param name="Work">About how many elements or multiply-adds it costs; child processes skip large ones.</param>
/// <param name="Run">Takes its operands and calls the kernel.</param>
internal sealed record KernelCase(string Kernel, string Name, long Work, Action<IKernels, Operands> Run)
{
    public override string ToString() => $"{Kernel} {Name}";
}
