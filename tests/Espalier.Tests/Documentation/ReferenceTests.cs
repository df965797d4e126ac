using Espalier.Cli.CommandLine;
using Espalier.Cli.Commands;

namespace Espalier.Tests.Documentation;

public class ReferenceTests
{
    [Fact]
    public void Reference_IsThatOfTheCommands()
    {
        string path = Path.Combine(ArchitectureTests.Root, "docs", "reference.md");
        string expected = ReferenceCommand.Text(Application.Root(new Terminal(Stream.Null, Stream.Null, TextWriter.Null)));
        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == expected,
            "docs/reference.md is out of date; write it anew: dotnet run -c Release --project src/Espalier.Cli -- reference > docs/reference.md");
    }
}
