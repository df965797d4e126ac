using Espalier.Tests.Engine.Kernels;

namespace Espalier.Tests;

/// <summary>What this assembly does when it is started as a program: the table of kernels, for <see cref="KernelChildProcessTests"/>.</summary>
internal static class Program
{
    private static int Main() => KernelChildProcess.Run();
}
