using Espalier.Cli.CommandLine;

namespace Espalier.Tests.Cli.CommandLine;

public class PlainLinesTests
{
    [Fact]
    public void Write_NothingNew_WritesNothing()
    {
        using var error = new StringWriter { NewLine = "\n" };
        var lines = new PlainLines(error);
        foreach (string line in (string[])["measuring", "measuring", "10 %", "10 %", "measuring"])
            lines.Write(line);
        Assert.Equal("measuring\n10 %\nmeasuring\n", error.ToString());
    }
}
